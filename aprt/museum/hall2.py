"""Hall 2: the ten of 2026, most of which had survived four years of use and review.

All came with KVM's changes for 7.3, and with 6.12.110 or 6.12.112.
"""

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
        "7.3",
        "A VM has mdev A open; user space opens mdev B for it. vfio_ap_mdev_set_kvm() sets\n"
        "the VM's pqap_hook to B's, under pqap_hook_rwsem alone; then, with the other locks,\n"
        "it finds A and returns -EPERM, and the hook stays. Every PQAP of the guest is\n"
        "answered 01 now; and once B is removed, handle_pqap() calls through a pointer in\n"
        "freed memory.",
        Pattern.SECOND_ACQUISITION,
        Contrast("2026/second-mdev+B17=out", "2026/second-mdev", "P9", "use after free: read_handler on freed mdev1"),
        cve="CVE-2026-89960",
    ),
    Entry(
        "B18",
        "a queue that left the host's configuration keeps pin and GISC",
        ("LEAK",),
        ("65e05ec252a9",),
        "s390/vfio-ap: fix KVM GISC and page leak when queue removed from host config",
        "7.3",
        "A guest's interrupt is on when the adapter leaves the machine.\n"
        "vfio_ap_on_cfg_changed() takes it from shadow_apcb; its devices go, and\n"
        "vfio_ap_mdev_remove_queue() frees the queue. Nobody calls\n"
        "vfio_ap_free_aqic_resources(): since B14 a reset answered 01 does not, and since B32\n"
        "none is tried. A page stays pinned, a GISC registered.",
        Pattern.FIX_BEGETS_BUG,
        Contrast("2026/lose-enabled+B18=out", "2026/lose-enabled", "P5", "page 0x3 of vm0 has 1 pin, 0 on record"),
    ),
    Entry(
        "B19",
        "the host's configuration changes while an mdev has no VM",
        ("NULL",),
        ("d50346801b4f",),
        "s390/vfio-ap: Fix dereference matrix_mdev->kvm without checking for NULL",
        "7.3",
        "vfio_ap_on_cfg_changed() and vfio_ap_on_scan_complete() walk all mdevs, and lock\n"
        "matrix_mdev->kvm->lock of each in vfio_ap_mdev_cfg_remove() and\n"
        "vfio_ap_mdev_hot_plug_cfg(): also of those that no guest has opened. Their kvm is\n"
        "NULL.",
        Pattern.NOT_THERE,
        Contrast("2026/lose-unused+B19=out", "2026/lose-unused", "P9", "null-ptr-deref: kvm of mdev0 *"),
        cve="CVE-2026-89958",
    ),
    Entry(
        "B20",
        "the list of mdevs is read under one lock and written under another",
        ("RACE",),
        ("7fa61c29850d",),
        "s390/vfio-ap: Fix missing lock required to access list of ap_matrix_mdev objects",
        "7.3",
        "vfio_ap_mdev_probe() adds an mdev to mdev_list with mdevs_lock held.\n"
        "vfio_ap_on_cfg_changed() and vfio_ap_on_scan_complete() walk the list with\n"
        "guests_lock, status_show() with mdevs_lock only. Who adds and who walks have no lock\n"
        "in common, and a walk can meet a node that is half in.",
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
        "7.3",
        "vfio_ap_mdev_hot_unplug_cfg() takes what the host has lost from shadow_apcb, and\n"
        "writes the APCB if bitmap_andnot() says so: but that tells whether the result is not\n"
        "empty, not whether it has changed. When the last adapter or domain goes the result\n"
        "is empty: no vfio_ap_mdev_update_guest_apcb(), and the guest goes on using it.",
        Pattern.CHANGED_IS_NOT_NONEMPTY,
        Contrast("2026/lose-enabled+B21=out", "2026/lose-enabled", "P18", "vm0 reaches apm={5} *, mdev0 says *"),
        cve="CVE-2026-89957",
    ),
    Entry(
        "B22",
        "`status` can be read before there is anything to show",
        ("NULL",),
        ("dd6f4ef6f8a3",),
        "s390/vfio-ap: Fix NULL deref in status_show() during queue probe",
        "7.3",
        "vfio_ap_mdev_probe_queue() begins with sysfs_create_group() and ends with\n"
        "dev_set_drvdata(). Who reads `status` in between comes to status_show(), which gets\n"
        "NULL from dev_get_drvdata(), and vfio_ap_mdev_for_queue() reads the APQN there.\n"
        "status_show() holds mdevs_lock; but probe makes the group before it takes a lock.",
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
        "7.3",
        "When only control domains were added vfio_ap_mdev_hot_plug_cfg() does not call\n"
        "vfio_ap_mdev_filter_matrix(), which fills apm_filtered. reset_queues_for_apids() is\n"
        "given that bitmap all the same, a local variable with whatever was on the stack:\n"
        "queues that nobody meant are reset under a running guest.",
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
        "7.3",
        "In its loop over all mdevs vfio_ap_mdev_cfg_remove() collects in do_remove whether\n"
        "one loses something, and never clears it between two of them. After the first that\n"
        "does vfio_ap_mdev_hot_unplug_cfg() is called for all others as well.",
        Pattern.INITIAL_STATE,
        exhibit="it has no effect: vfio_ap_mdev_hot_unplug_cfg() gets the bitmaps of each mdev, and skips empty ones",
    ),
    Entry(
        "B25",
        "removed control domains are never taken from the guest",
        ("LOGIC", "SEC"),
        ("6b8a02e216f6",),
        "s390/vfio-ap: Fix control domain removal in vfio_ap_mdev_cfg_remove",
        "7.3",
        "What a guest loses is what was removed *and* its mdev has. For control domains\n"
        "vfio_ap_mdev_cfg_remove() computes, by bitmap_andnot(), what was removed and the\n"
        "mdev has *not*. So a guest keeps the removed domain in its APCB, and the control of\n"
        "it.",
        Pattern.WRONG_SET,
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
        "what is about to be added is written down without the lock for it",
        ("RACE",),
        ("5883528250be",),
        "s390/vfio-ap: Fix required lock not held during update of ap_matrix_mdev object",
        "7.3",
        "vfio_ap_mdev_cfg_add() notes in apm_add, aqm_add and adm_add of each mdev what is\n"
        "about to come, with guests_lock held, but not mdevs_lock, which guards the fields of\n"
        "an mdev. vfio_ap_mdev_probe_queue() and vfio_ap_on_scan_complete() read them with\n"
        "guests_lock held, too, so that no harm is known: the rule is broken.",
        Pattern.UNLOCKED_ACCESS,
        Contrast("2026/gain-adapter+B26=out", "2026/gain-adapter", "P22", "* does mdev0.set_added without *"),
    ),
)

HALL = Hall(2, "the ten of 2026: in 7.3, and in 6.12.110 or 6.12.112", ENTRIES)
