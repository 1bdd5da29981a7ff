"""Conflicts, judged by all that can follow: which races and which cycles in the lock order do harm.

`swaps` takes the two steps of a race in either order and compares the `outcomes`. `lock_cycles` shows a cycle in the
lock order by executions, and `realised` looks for a state in which contexts really wait for each other like that.
"""
