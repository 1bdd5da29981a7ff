"""What an era is asked for a row of the era matrix when it lacks the scenario that shows the row.

H1 to H16 and B1 are shown by scenarios of the series: the releases are asked for the same property in the same
situation. Other bugs are shown by scenarios of the releases, some of which have another name in the series.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from aprt.core.question import Question

ELSEWHERE: Final[Mapping[str, Question]] = MappingProxyType(
    {
        "H1": Question("kill-qemu+guest=enable_use+delivery", "P2"),
        "H2": Question("killed-with-copy", "P9", "use after free: * on freed vm0*"),
        "H3": Question("device-kept", "P1"),
        "H4": Question("device-duplicated", "P1"),
        "H5": Question("group-taken", "P1"),
        "H6": Question("device-kept", "P9"),
        "H7": Question("rogue-close", "P1"),
        "H8": Question("unbind", "P9"),
        "H9": Question("exit-in-order+guest=enable_reset", "P1"),
        "H10": Question("exit-in-order", "P1"),
        "H11": Question("attach-while-unassigned", "P17"),
        "H12": Question("gain-adapter", "P13"),
        "H13": Question("rogue-close+guest=enable_disable", "P8"),
        "H14": Question("dma-unmap", "P8"),
        "H15": Question("module-unloaded", "P9", "use after free: * on freed vfio_ap.ko"),
        "H16": Question("second-mdev", "P16"),
        "B1": Question("kill-qemu", "P1"),
        "B7": Question("h5", "P4", "every file is closed and vm0 is still alive *"),
        "B14": Question("h9", "P12", "the records of 05.0004 are freed *; its last ZAPQ is refused"),
        "B15": Question("h10", "P8", "page 0x3 of vm0 is unpinned while *"),
        "B16": Question("assign", "P14"),
        "B37": Question("without-gisa", "P5", "vm0.vcpu0 ends * with a pin of page 0x3 of vm0 *"),
    }
)

INSTEAD: Final[Mapping[str, Question]] = MappingProxyType(
    {"B32": Question("lose-adapter", "P45", "* is reset although the host has lost it")}
)
"""What every era is asked instead of the row's own question: the scenario of B32 ends early in eras that have B19."""
