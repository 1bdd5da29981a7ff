"""The vfio_ap driver of the kernel's releases, from its first to today's, with the vfio core around it.

One body a procedure. Where releases differ, it asks for the fix or the feature that makes the difference.
"""
