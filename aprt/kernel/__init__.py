"""What every kernel has: locks, reference counts, wait queues, work, timers, object life times."""
