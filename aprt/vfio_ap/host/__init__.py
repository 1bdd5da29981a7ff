"""The host that every era runs on: its components as one machine, and what AP bus, KVM and user space do with them.

The driver under test is reached through `ops`, as the kernel reaches it through tables of functions.
"""
