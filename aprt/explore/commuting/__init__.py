"""Which steps commute, so that one of their orders stands for both: for searches of traces and by persistent sets.

`independence` is the relation; `kinds` keeps it in tables, by the kind of a step; `commutation` tries what handlers
declare of it; `visibility` adds what checks have to see in order. `local_steps` are the learned steps as those searches
take them, `sleepers` their sleep sets, `bits` sets of small numbers.
"""
