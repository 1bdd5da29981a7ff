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
        "User space chooses a vCPU's vcpu_id, KVM counts vcpu_idx. A vCPU that goes idle sets\n"
        "the bit of its vcpu_id in kvm->arch.idle_mask, in __set_cpu_idle();\n"
        "__airqs_kick_single_vcpu() takes the bits for indices. With ids that have gaps it\n"
        "wakes another vCPU than the one that sleeps, or, as here, none at all.",
        Pattern.WRONG_NAME,
        Contrast("2026/sparse-ids+B40=out", "2026/sparse-ids", "P30", "isc 3 of vm0.gisa is pending, *"),
    ),
    Entry(
        "B41",
        "a word is read twice before it is exchanged",
        ("RACE",),
        ("42400d99e9f0",),
        "KVM: s390: interrupt: use READ_ONCE() before cmpxchg()",
        "6.2",
        "sca_inject_ext_call() and sca_clear_ext_call() read a word of the SCA and exchange it\n"
        "by cmpxchg(); the compiler may read it twice. The fix is READ_ONCE(), which\n"
        "gisa_set_iam() had before. Shown is that one without: next_alert is tested in one\n"
        "value, another is exchanged, and a link that hardware makes in between is undone.",
        Pattern.UNLOCKED_ACCESS,
        Contrast("2026/late-reply+B41=out", "2026/late-reply", "P26", "* is in the alert list, but its *"),
        note="no kernel had it in the GISA: READ_ONCE() is there in 5.4 already; external calls are not modelled",
    ),
    Entry(
        "B42",
        "no GISA at all is not 0",
        ("LOGIC",),
        ("5a44bb061d04",),
        "KVM: s390: fix validity interception issue when gisa is switched off",
        "6.11",
        "A vCPU's control block has the physical address of its GISA. Since 6.2\n"
        "kvm_s390_get_gisa_desc() gives virt_to_phys() of gisa_int.origin, also if the VM has\n"
        "none and that is NULL; since 6.10 the kernel need not be mapped to where it lies,\n"
        "and the result is not 0. Hardware takes it for an address and refuses it: a validity\n"
        "intercept, and the vCPU never enters SIE.",
        Pattern.SENTINEL_IN_RANGE,
        Contrast("2026/without-gisa+B42=out", "2026/without-gisa", "P48", "* cannot enter SIE: *"),
        cve="CVE-2024-45005",
        note="the mistake is of 6.2 (fe0ef0030463); before that the pointer was taken as it is, and NULL is 0",
    ),
    Entry(
        "B43",
        "the alert interrupt reaches no handler",
        ("LOST",),
        ("acf00b5ef9f8", "88a096a7a460", "a9d17c5d8813"),
        "s390/airq: remove lsi_mask from airq_struct",
        "6.6",
        "do_airq_interrupt() skips handlers whose summary byte is 0. Hardware never sets the\n"
        "GIB's; gib_alert_irq had lsi_ptr lead to its own lsi_mask, never 0. A cleanup\n"
        "removed lsi_mask, the byte stayed 0, and gib_alert_irq_handler() was not called:\n"
        "idle guests sleep on, and B10 waits for ever. Done again, it has kvm_s390_gib_init()\n"
        "set the byte to 0xff.",
        Pattern.FIX_BEGETS_BUG,
        Contrast("2026/alert+B43=out", "2026/alert", "P30", "isc 3 of vm0.gisa is pending, *"),
        note="never in a release: a9d17c5d8813, reverted by 88a096a7a460, done again as acf00b5ef9f8",
    ),
    Entry(
        "B44",
        "'in the list?' compares two kinds of addresses",
        ("LOGIC",),
        ("2f2c0911b950",),
        "KVM: s390: interrupt: fix virtual-physical confusion for next alert GISA",
        "6.4",
        "A GISA is in no alert list when next_alert leads to itself. Hardware has physical\n"
        "addresses there; kvm_s390_gisa_init() begins with a virtual one, and\n"
        "gisa_in_alert_list() compares with one. Where they differ every GISA seems to be in\n"
        "the list: hardware never puts it there, and no alert comes.",
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
        "7.2",
        "kvm_s390_pci_aif_enable() registers the guest's ISC by kvm_s390_gisc_register(),\n"
        "then pins what forwarding needs. If pin_user_pages_fast() fails, or a later step, it\n"
        "returns without kvm_s390_gisc_unregister(): the VM comes to kvm_s390_gisa_destroy()\n"
        "with a bit in alert.mask. The shape of B37.",
        Pattern.SECOND_ACQUISITION,
        Contrast("2026/forwarding+B45=out", "2026/forwarding", "P3", "gisa_destroy begins with alert.mask 0x10"),
        note="also in 6.12.97",
    ),
    Entry(
        "B46",
        "pending interrupts are read from a GISA that is not there",
        ("NULL",),
        (),
        "KVM: s390: fix possible null pointer dereference in pending_irqs()",
        "5.1",
        "pending_irqs() reads IPM through kvm->arch.gisa_int.origin, which is NULL on a\n"
        "machine without the facility for adapter interrupt virtualization. Every vCPU that\n"
        "goes idle comes there, by kvm_arch_vcpu_runnable(). The fix looks at the pointer\n"
        "first.",
        Pattern.NOT_THERE,
        Contrast("2026/without-gisa+B46=out", "2026/without-gisa", "P9", "null-ptr-deref: *"),
        note="the commit id is not known; the last of the fifteen patches that brought the GIB",
    ),
)

HALL = Hall(4, "GISA, GIB, KVM", ENTRIES)
