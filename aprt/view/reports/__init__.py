"""Findings in the shapes that kernel people know: lockdep, KASAN, KCSAN, refcount, hung task, leak; and in plain words.

Addresses and process ids are made up, always the same ones; offsets count the lines of a
function's body in the model.
"""
