"""Detectors: what kernel people know from lockdep, KASAN and KCSAN, read off the events of one execution.

Each kind is a file with one detector and the values that it gives. They hear an execution of either driver
(`core.listener`), and give the same for the same schedule.
"""
