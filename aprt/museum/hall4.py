"""Hall 4: GISA, GIB, KVM."""

from __future__ import annotations

from aprt.core.contrast import Contrast
from aprt.museum.entry import Entry, Hall
from aprt.museum.patterns import Pattern

ENTRIES = (
    Entry(
        "B40",
        "idle vCPUs are written down by id and looked up by index",
        ("LOST",),
        ("a3e03bc1368c",),
        "KVM: s390: index kvm->arch.idle_mask by vcpu_idx",
        "5.15",
        "User space chooses the ids of vCPUs; KVM numbers them. A vCPU that goes to sleep sets\n"
        "the bit of its id, and the kick takes the bits for numbers. With ids that have gaps\n"
        "it kicks another vCPU than the one that sleeps, or one that is not there.",
        Pattern.WRONG_NAME,
        Contrast("2026/sparse-ids+B40=out", "2026/sparse-ids", "P30", "isc 3 of vm0.gisa is pending, *"),
    ),
    Entry(
        "B41",
        "the GISA's word is read twice",
        ("RACE",),
        ("42400d99e9f0",),
        "KVM: s390: interrupt: use READ_ONCE() before cmpxchg()",
        "6.2",
        "Code reads a word, looks at it, and exchanges it for a new one if it is still what it\n"
        "was. Nothing keeps the compiler from reading twice: then the test is made on one\n"
        "value and the exchange with another. IAM is set while the GISA is in the alert\n"
        "list, or a pending bit is lost.",
        Pattern.UNLOCKED_ACCESS,
        Contrast("2026/late-reply+B41=out", "2026/late-reply", "P26", "* is in the alert list, but its *"),
        note="a matter of what the compiler makes of it: an era before the fix is given the worst",
    ),
    Entry(
        "B42",
        "no GISA at all is not 0",
        ("LOGIC",),
        ("5a44bb061d04",),
        "KVM: s390: fix validity interception issue when gisa is switched off",
        "6.11",
        "What hardware is given is the GISA's physical address. A VM that has none has the\n"
        "pointer NULL, which is turned into a physical address as any other; once the kernel\n"
        "is not mapped to where it lies that is not 0. Hardware takes it for an address,\n"
        "refuses it, and the vCPU cannot enter SIE.",
        Pattern.SENTINEL_IN_RANGE,
        Contrast("2026/without-gisa+B42=out", "2026/without-gisa", "P48", "* cannot enter SIE: *"),
        cve="CVE-2024-45005",
        note="the mistake is of 6.2 (fe0ef0030463); before that the pointer was taken as it is, and NULL is 0",
    ),
    Entry(
        "B43",
        "the alert interrupt reaches no handler",
        ("LOST",),
        ("a9d17c5d8813", "88a096a7a460"),
        "s390/airq: remove lsi_mask from airq_struct",
        "2023",
        "The dispatcher of adapter interrupts skips handlers whose summary byte is 0. Hardware\n"
        "never sets the GIB's: with the mask that a cleanup removed it was not looked at. So\n"
        "no alert interrupt arrives, idle guests sleep on, and B10 waits for ever. The byte\n"
        "has to be set once, by hand.",
        Pattern.FIX_BEGETS_BUG,
        Contrast("2026/alert+B43=out", "2026/alert", "P30", "isc 3 of vm0.gisa is pending, *"),
        note="never in a release: the cleanup was reverted by 88a096a7a460 and done again",
    ),
    Entry(
        "B44",
        "'in the list?' compares two kinds of addresses",
        ("LOGIC",),
        ("2f2c0911b950",),
        "KVM: s390: interrupt: fix virtual-physical confusion for next alert GISA",
        "6.4",
        "A GISA is in no alert list when its link leads to itself. Hardware reads physical\n"
        "addresses there; the code starts the link with a virtual one, and compares with one.\n"
        "They are the same only as long as the kernel is mapped to where it lies. Else every\n"
        "GISA seems to be in the list: it is never put there, and no alert comes.",
        Pattern.WRONG_NAME,
        Contrast("2026/alert+B44=out", "2026/alert", "P30", "isc 3 of vm0.gisa is pending, *"),
        note="harmless in every release: addresses became different only in 6.10",
    ),
    Entry(
        "B45",
        "PCI: enabling fails, the GISC stays registered",
        ("LEAK",),
        ("7b69729046a4",),
        "KVM: s390: pci: Fix GISC refcount leak on AIF enable failure",
        "2026",
        "Adapter interrupts for a PCI function: the GISC is registered, then forwarding is\n"
        "enabled. When that fails the function returns, the registration stays, and the VM\n"
        "comes to gisa_destroy with a bit in alert.mask. The shape of B37.",
        Pattern.SECOND_ACQUISITION,
        Contrast("2026/forwarding+B45=out", "2026/forwarding", "P3", "gisa_destroy begins with alert.mask 0x10"),
    ),
    Entry(
        "B46",
        "pending interrupts are read from a GISA that is not there",
        ("NULL",),
        (),
        "KVM: s390: fix possible null pointer dereference in pending_irqs()",
        "5.1",
        "Without the facility for adapter interrupt virtualization a VM has no GISA. Code that\n"
        "asks what is pending reads IPM through the pointer without a look.",
        Pattern.PART_FOR_WHOLE,
        Contrast("2026/without-gisa+B46=out", "2026/without-gisa", "P9", "null-ptr-deref: *"),
        note="the commit id is not known",
    ),
)

HALL = Hall(4, "GISA, GIB, KVM", ENTRIES)
