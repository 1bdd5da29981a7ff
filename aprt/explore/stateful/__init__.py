"""Strategy "states": every reachable state once, breadth first.

`states` is the search; a *loop* (`loop`) holds its states and takes the steps out of them. There are three: in plain
Python (`loop_plain`, a `loop_contexts` that knows `clusters`; both helped by `guards`), with symmetry (`loop_orbits`,
which needs `symmetry`, `exchange`, `apart` and `retrace`), and `explore.compiled`; `loop_choice` picks. `layout` packs
states densely, `chunk` hands them on, and `known` is what else it takes to go on with a search. Once all states are
known, `passes` look for what only the whole graph shows: hangs, by `eventually` what stays as it is for ever, and by
`livelock` loops that nothing leads out of (both by `fairness` and `components`).
"""
