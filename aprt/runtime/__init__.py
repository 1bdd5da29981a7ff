"""The live driver: every actor and every context of a system is a trio task, and they only exchange messages.

`run` is the short way in. A `stage` keeps the tasks; in one execution they play the parts of an `actor` and of a
`context`, and talk through a `mailbox` in `messages`. The `observer` hears of every step, keeps a `ledger` of what it
heard and says when the execution is over. Who goes next is up to trio, with delays (`pace`), or to the `gate`, which
asks a `policy`. `compare` says where two executions part; `faults` are drivers that go wrong on purpose, to test that.
`errors`: a component that crashed.
"""
