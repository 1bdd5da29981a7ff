"""Strategy "reduced": the states that matter, breadth first, out of each only the steps of a persistent set.

`reduced` is the search, `persistent` chooses the set, by what contexts may still do (`futures`). `wander` takes random
walks beforehand, so that most steps have been learned.
"""
