"""Hall 2: the ten of 2026, most of which had survived four years of use and review."""

from __future__ import annotations

from aprt.core.contrast import Contrast
from aprt.museum.entry import Entry, Hall
from aprt.museum.patterns import Pattern

ENTRIES = (
    Entry(
        "B17",
        "-EPERM leaves the hook of the wrong mdev",
        ("UAF",),
        ("4400270ec034",),
        "s390/vfio-ap: fix stale pqap_hook pointer on error in vfio_ap_mdev_set_kvm()",
        "2026",
        "A VM has mdev A open. User space opens mdev B for the same VM: the hook is set to\n"
        "B's, then the check finds A and answers -EPERM, and the hook stays. At once every\n"
        "PQAP of the guest is answered 01; and once B is removed, the next one calls\n"
        "through a pointer in freed memory.",
        Pattern.SECOND_ACQUISITION,
        Contrast("2026/second-mdev+B17=out", "2026/second-mdev", "P16", "the hook of vm0 is mdev1, *"),
        cve="CVE-2026-89960",
    ),
    Entry(
        "B18",
        "a queue that left the host's configuration keeps pin and GISC",
        ("LEAK",),
        ("65e05ec252a9",),
        "s390/vfio-ap: fix KVM GISC and page leak when queue removed from host config",
        "2026",
        "A guest has its interrupt on when the adapter is taken from the machine. It leaves\n"
        "the guest's shadow, then its devices go. The driver's remove finds the queue in no\n"
        "configuration, skips the reset, as B32 taught it, and with the reset the only call\n"
        "that frees the records: one page stays pinned, one GISC registered.",
        Pattern.FIX_BEGETS_BUG,
        Contrast("2026/lose-enabled+B18=out", "2026/lose-enabled", "P5", "page 0x3 of vm0 has 1 pin, 0 on record"),
    ),
    Entry(
        "B19",
        "the host's configuration changes while an mdev has no VM",
        ("NULL",),
        ("d50346801b4f",),
        "s390/vfio-ap: Fix dereference matrix_mdev->kvm without checking for NULL",
        "2026",
        "The callbacks for a new host configuration walk all mdevs and take the kvm->lock of\n"
        "each one's VM, also of those that no guest has opened: their pointer is NULL.",
        Pattern.PART_FOR_WHOLE,
        Contrast("2026/lose-unused+B19=out", "2026/lose-unused", "P9", "null-ptr-deref: kvm of mdev0 *"),
        cve="CVE-2026-89958",
    ),
    Entry(
        "B20",
        "the list of mdevs is read under one lock and written under another",
        ("RACE",),
        ("7fa61c29850d",),
        "s390/vfio-ap: Fix missing lock required to access list of ap_matrix_mdev objects",
        "2026",
        "Who walks the list holds guests_lock; who creates an mdev and adds it holds\n"
        "mdevs_lock only, and `status` walks it under that one alone. A walk can meet a\n"
        "node that is half in.",
        Pattern.UNLOCKED_ACCESS,
        Contrast(
            "2026/create-while-walked+B20=out",
            "2026/create-while-walked",
            "P22",
            "* does matrix_dev.list_mdevs without *",
        ),
        cve="CVE-2026-89956",
    ),
    Entry(
        "B21",
        "the last adapter is unplugged, and the guest keeps it",
        ("STALE", "LOGIC"),
        ("917f509bfb88",),
        "s390/vfio-ap: Fix hot-unplug skipped when last AP adapter or domain removed",
        "2026",
        "To see whether an unplug changes anything the driver asks the and-not of two masks,\n"
        "which answers whether its result is not empty. When the last adapter goes the result\n"
        "is empty: 'nothing changed', the APCB is not written, and the guest goes on using\n"
        "what is no longer assigned to it.",
        Pattern.CHANGED_IS_NOT_NONEMPTY,
        Contrast("2026/lose-adapter+B21=out", "2026/lose-adapter", "P18", "vm0 reaches apm={5} *, mdev0 says *"),
        cve="CVE-2026-89957",
    ),
    Entry(
        "B22",
        "`status` can be read before there is anything to show",
        ("NULL",),
        ("dd6f4ef6f8a3",),
        "s390/vfio-ap: Fix NULL deref in status_show() during queue probe",
        "2026",
        "Probe makes the attribute of a queue first and gives the device its data afterwards.\n"
        "Who reads the file in between gets the NULL pointer, and the kernel uses it.",
        Pattern.VISIBLE_TOO_EARLY,
        Contrast("2026/probe-while-read+B22=out", "2026/probe-while-read", "P9", "null-ptr-deref: the drvdata of *"),
        cve="CVE-2026-89955",
    ),
    Entry(
        "B23",
        "a bitmap that nobody cleared says which adapters to reset",
        ("LOGIC",),
        ("bf09b9d7cd78",),
        "s390/vfio-ap: fix potential use of uninitialized apm_filtered bitmap",
        "2026",
        "When only control domains were added the filter does not run, and the bitmap of\n"
        "filtered adapters, a local variable, has whatever was on the stack: queues of\n"
        "adapters are reset that nobody meant, under a running guest.",
        Pattern.INITIAL_STATE,
        Contrast(
            "2026/gain-control-domain+B23=out", "2026/gain-control-domain", "P45", "* is reset while vm0 reaches it"
        ),
    ),
    Entry(
        "B24",
        "one guest's removal counts for all later ones",
        ("LOGIC",),
        ("b1f092d94f62",),
        "s390/vfio-ap: Fix stale do_remove flag across iterations in vfio_ap_mdev_cfg_remove",
        "2026",
        "In the loop over all mdevs a flag collects whether something is to be removed, and\n"
        "is never cleared between two of them. After the first guest that loses something\n"
        "the driver sets about to take something from all others as well.",
        Pattern.INITIAL_STATE,
        exhibit="it has no effect: what is to be removed is computed anew for each mdev, and nothing is done for none",
    ),
    Entry(
        "B25",
        "removed control domains are never taken from the guest",
        ("LOGIC", "SEC"),
        ("6b8a02e216f6",),
        "s390/vfio-ap: Fix control domain removal in vfio_ap_mdev_cfg_remove",
        "2026",
        "What a guest loses is what was removed *and* it has. For control domains the driver\n"
        "computes what was removed and it has *not*: a guest that has a removed domain keeps\n"
        "its control.",
        Pattern.CHANGED_IS_NOT_NONEMPTY,
        Contrast(
            "2026/lose-control-domain+B25=out",
            "2026/lose-control-domain",
            "P36",
            "a scan ends, and the shadow of mdev0 is * adm={9}, not *",
        ),
        cve="CVE-2026-89959",
    ),
    Entry(
        "B26",
        "what is to be added is written under one lock and read under another",
        ("RACE",),
        ("5883528250be",),
        "s390/vfio-ap: Fix required lock not held during update of ap_matrix_mdev object",
        "2026",
        "The callback for a new configuration writes down, per mdev, which adapters and\n"
        "domains are about to come, and holds guests_lock only; probe reads it under\n"
        "mdevs_lock, and may see half of it.",
        Pattern.UNLOCKED_ACCESS,
        Contrast("2026/gain-adapter+B26=out", "2026/gain-adapter", "P22", "* does mdev0.set_added without *"),
    ),
)

HALL = Hall(2, "the ten of 2026", ENTRIES)
