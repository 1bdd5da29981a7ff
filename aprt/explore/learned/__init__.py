"""What one step does, learned once by running the model's own code, and kept as numbers ever after.

`tables` holds what was learned and learns what is missing; `packing` gives a global state as one integer. When two
suspended behaviours have the same future is found out by `control`, from `frames` (what a suspended coroutine holds),
`liveness` (which of its variables it may still read), `contents` (what is compared of their values) and `lasting`
(which of these stay as they are). `thread` runs one behaviour, and `twins` run two of it, so that one that is not
deterministic shows.
"""
