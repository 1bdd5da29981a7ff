"""The vfio_ap driver of the v4 series: its structures, and its procedures as the contexts run them.

Some short functions are the same in `mainline`. They are there twice as they are in two kernels, so that a correction
of the one driver leaves the other as it was.

Kernel release mirrored where a file tells none: v4 series.
"""
