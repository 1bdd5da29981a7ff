"""What every kernel has: locks, reference counts, wait queues, work, timers, object life times.

Each is an actor in a file of its own. Locks: `mutex`, `spinlock`, `rwsem`; `held` is a critical section, `rules` are
the properties that all locks have. Waiting: `wait_queue`, `completion`, `flag`. Doing things later: `workqueue` and
`timer`, which are `running` at times. Data: a `cell` is a variable, a `mailbox` a queue, an `attribute` a file in
sysfs, an `object` can be freed, a `refcount` says when.
"""
