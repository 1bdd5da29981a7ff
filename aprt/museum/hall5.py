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
        "A queue of the host whose interrupt AQIC could not enable is to be polled, by\n"
        "ap_poll_timer. But ap_sm_read() answers AP_SM_WAIT_INTERRUPT all the same while a\n"
        "reply is due, and as the bus uses interrupts ap_wait() does not start the timer.\n"
        "Nobody looks again, and whoever sent the request waits for good. Guests of KVM see\n"
        "it most.",
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
        "A queue goes offline: __ap_flush_queue() ends its requests and queue_count becomes\n"
        "0, though the card still has some of them. Their replies, counted by ap_sm_recv(),\n"
        "take it below zero; the next request lifts it to zero, at which ap_sm_read() finds\n"
        "nothing to fetch: that request's ioctl waits for good.",
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
        "SCLP may tell of a change before ap_module_init() is done. ap_bus_cfg_chg() forces a\n"
        "scan by ap_bus_force_rescan(); ap_scan_bus() finds a queue and starts ap_poll_timer,\n"
        "which has no function yet: a NULL pointer. The fix forces no scan before the first\n"
        "one is done.",
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
        "__verify_queue_reservations() takes a reference of the driver's module by\n"
        "try_module_get(), and asks its in_use() callback. When\n"
        "vfio_ap_mdev_resource_in_use() says yes it returns -EBUSY without module_put():\n"
        "vfio_ap can never be unloaded again.",
        Pattern.ONE_PATH_FORGETS,
        Contrast("2026/masks-in-use+B50=out", "2026/masks-in-use", "P7", "vfio_ap.ko has * that nobody will give back"),
    ),
    Entry(
        "B51",
        "a queue between two drivers is taken for broken",
        ("RACE",),
        ("b1af7528d27e",),
        "s390/zcrypt: use new state UNBOUND during queue driver rebind",
        "5.1 or 5.2",
        "A queue that goes from one driver to another has none for a moment, and\n"
        "ap_queue_remove() leaves it in AP_STATE_BORKED, as a broken one. ap_scan_bus() in\n"
        "that moment deletes its device; the next scan makes it anew. The fix is a state of\n"
        "its own, AP_STATE_UNBOUND.",
        Pattern.SENTINEL_IN_RANGE,
        Contrast("2026/masks-scan+B51=out", "2026/masks-scan", "P46"),
        note="5.0 does not have it, 5.2 does",
    ),
)

HALL = Hall(5, "the AP bus and its queues", ENTRIES)
