"""The vfio_ap driver of the v4 series: its structures, and its procedures as the contexts run them.

Kernel release mirrored where a file tells none: v4 series.
"""
