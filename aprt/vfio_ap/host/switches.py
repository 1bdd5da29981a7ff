"""Switches of every era: what is assumed of the hardware, what a scenario has and runs, mistakes outside the driver."""

from __future__ import annotations

from aprt.core.switch import FLAG, Switch

ASSUMPTIONS = (
    Switch("off_is_silent", "assumption", ("yes", "no"), "a queue that answered 03/04/01 notifies nobody"),
    Switch("aqic_intercepts_unassigned", "assumption", ("yes", "no"), "AQIC outside the APCB still exits"),
    Switch("irq_off_at", "assumption", ("end", "accept"), "when a reset switches the interrupt off"),
    Switch("aqic_while_pending", "assumption", ("busy", "otherwise_changed"), "AQIC before the last took effect"),
    Switch("busy_may_answer", "assumption", ("no", "yes"), "05 at any instruction, once a run and queue"),
    Switch("unexpected_rc", "assumption", ("no", "yes"), "a code nobody expects (0b), once a run and queue"),
    Switch("reset_end", "assumption", ("tapq00", "e_seen"), "what ends a reset for the hardware"),
)

PROGRAMS = (
    "disable", "enable_disable", "enable_idle", "enable_reset", "enable_use", "enable_wait", "enable_zero", "use",
    "use_reset", "reenable", "reenable_busy", "reset_insist",
)  # fmt: skip

HOST_PARAMETERS = (
    Switch("queues", "parameter", ("1", "2"), "queues of the guest: 05.0004, then 05.0005", built=True),
    Switch("vcpus", "parameter", ("1", "2"), "vCPUs, each running the guest's program", built=True),
    Switch("delivery", "parameter", FLAG, "requests are answered and interrupts delivered"),
    Switch("vcpu_mutex", "parameter", FLAG, "a vCPU's thread holds the vCPU's mutex while it runs"),
    Switch("kvm_vfio_lock", "parameter", FLAG, "kvm-vfio holds its own lock while a group is taken from it"),
    Switch("guest", "parameter", ("enable", *PROGRAMS), "the program that every vCPU of the guest runs", built=True),
)

REFUSED_ENABLE = Switch(
    "refused_enable", "variant", ("refused_clears", "refused_undoes"), "AQIC(enable) refused, but not by 07"
)

HOST_MUTANTS = (
    Switch("wrong_rc", "mutant", FLAG, "a refused AQIC is reported to the guest as 00 (P24)"),
    Switch("masks_in_sie", "mutant", FLAG, "the masks of a guest are written while its vCPUs run in SIE (P19)"),
    Switch("irq_stays_pending", "mutant", FLAG, "an accepted interrupt change never takes effect (P42)"),
    Switch("reset_stays_pending", "mutant", FLAG, "an accepted reset never ends (P32, P44)"),
)
