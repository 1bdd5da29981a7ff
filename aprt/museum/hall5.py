"""Hall 5: the AP bus and its queues."""

from __future__ import annotations

from aprt.core.contrast import Contrast
from aprt.museum.entry import Entry, Hall
from aprt.museum.patterns import Pattern

ENTRIES = (
    Entry(
        "B47",
        "the queue waits for an interrupt that could not be enabled",
        ("HANG",),
        ("cabebb697c98",),
        "s390/ap: fix state machine hang after failure to enable irq",
        "5.15",
        "The bus enables a queue's interrupt with AQIC; that fails. The state machine answers\n"
        "'wait for the interrupt' all the same, so that the timer which would poll instead is\n"
        "not armed again. Requests wait for good. Guests of KVM see it most.",
        Pattern.ONLY_OTHERS_CAN_END_IT,
        Contrast("2026/host-no-irq+B47=out", "2026/host-no-irq", "P49", "no end state can be reached: *"),
    ),
    Entry(
        "B48",
        "a counter of replies is set to zero while some are still to come",
        ("HANG",),
        ("e73a99f3287a", "3826350e6dd4"),
        "s390/ap: Fix hanging ioctl caused by wrong msg counter",
        "5.16",
        "Setting a queue offline flushes its requests and says that no reply is expected,\n"
        "though the card still has some of them. Their replies take the counter below zero;\n"
        "the next request lifts it to zero, which means 'nothing to fetch': its reply is\n"
        "never fetched.",
        Pattern.COUNTER_DRIFTS,
        Contrast("2026/host-offline+B48=out", "2026/host-offline", "P49", "no end state can be reached: *"),
        note="two fixes: the first in 5.13, the second in 5.16",
    ),
    Entry(
        "B49",
        "called back before there is anything to look at",
        ("NULL",),
        ("e14aec23025e",),
        "s390/ap: fix AP bus crash on early config change callback invocation",
        "6.7",
        "The bus can be told of changes of the machine's configuration before its own start is\n"
        "over. A change that comes early begins a scan at once; the scan arms the poll timer,\n"
        "which has no function yet: a NULL pointer.",
        Pattern.VISIBLE_TOO_EARLY,
        Contrast(
            "2026/early-change+B49=out",
            "2026/early-change",
            "P9",
            "null-ptr-deref: the function of the poll timer is NULL",
        ),
    ),
    Entry(
        "B50",
        "'in use' takes a module reference and keeps it",
        ("LEAK",),
        ("2f23256c0ea2",),
        "s390/ap: fix error handling in __verify_queue_reservations()",
        "5.19",
        "Before the bus asks a driver whether queues are in use it takes a reference of the\n"
        "driver's module. When the answer is yes it returns at once and keeps it: vfio_ap can\n"
        "never be unloaded again.",
        Pattern.ONE_PATH_FORGETS,
        Contrast("2026/masks-in-use+B50=out", "2026/masks-in-use", "P7", "vfio_ap.ko has * that nobody will give back"),
    ),
    Entry(
        "B51",
        "a queue between two drivers is taken for broken",
        ("RACE",),
        ("b1af7528d27e",),
        "s390/zcrypt: use new state UNBOUND during queue driver rebind",
        "2018",
        "A queue that goes from one driver to another has none for a moment. A bus scan in\n"
        "that moment takes it for a broken one, and deletes the device.",
        Pattern.UNLOCKED_ACCESS,
        Contrast("2026/masks-scan+B51=out", "2026/masks-scan", "P46"),
        note="no source at hand tells the release: it is taken for 4.20, the first that has the driver",
    ),
)

HALL = Hall(5, "the AP bus and its queues", ENTRIES)
