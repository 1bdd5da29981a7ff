"""Strategy "dpor": every Mazurkiewicz trace once.

`dpor` is the search, `descent` the execution that it stands at, with what is left to do along it. `happens_before`
orders the steps of that execution, `races` finds those that could have come the other way round (`retiming`: what they
would do there), and `wakeup_tree` keeps what reverses them until its turn comes.
"""
