"""The switches of the GISA and GIB: repairs of what the kernel of 2019 gets wrong, and mutants.

Repairs that a later kernel has are fixes, by their number in the museum and their commit. Three of them mend what the
kernel of 2019 did right:

- B41: a word was read twice before it was exchanged, but a word of the SCA, never that of a GISA;
- B42: the designation of no GISA was 0 until 6.2, which translated NULL as any other address;
- B43: the summary byte of the GIB was forgotten later, and in no release.

Two repairs are in no kernel that the model knows. `destroy_synchronizes` closes the gap between a GISA's leaving the
alert list and the start of its timer, which breaks P3 and P28 also with the repair of 6.6. `restore_locked` closes the
gap in which a restore of IAM misses that the last user of an ISC is gone (P25, P29).

A mutant is a mistake that no kernel makes; it is there so that a property which nothing else breaks can be seen to
fail.

`GisaRules` is what actors and behaviours are given: one flag a switch, by default as in the kernel of 2019.
"""

from __future__ import annotations

import attrs

from aprt.core.scenario import Settings
from aprt.core.switch import FLAG, Switch

IN = ("in", "out")


def _fix(name: str, about: str, *aliases: str, values: tuple[str, ...] = FLAG) -> Switch:
    return Switch(name, "fix", values, about, aliases)


GISA_REPAIRS = (
    _fix("clear_kicked", "a kicked bit is cleared before sleeping again too (5.15)", "B8", "9b57e9d5010b"),
    _fix("keep_deliverable", "a vCPU that is passed over leaves the pending ISCs alone (5.15)", "B9", "0e9ff65f455d"),
    _fix("idle_by_index", "the idle mask is written by vCPU index, not by vcpu_id (5.15)", "B40", "a3e03bc1368c"),
    _fix("destroy_takes_list", "gisa_destroy clears IAM and processes the list itself (6.6)", "B10", "f87ef5723536"),
    _fix("read_once", "set_iam compares the word that it has looked at", "B41", "42400d99e9f0", values=IN),
    _fix("gd_of_nothing", "the designation of no GISA is 0 (before 6.2, and 6.11)", "B42", "5a44bb061d04", values=IN),
    _fix("gal_handled", "alerts reach their handler", "B43", "acf00b5ef9f8", "88a096a7a460", "a9d17c5d8813", values=IN),
    _fix("physical_link", "next_alert is set to, and compared with, a physical address (6.4)", "B44", "2f2c0911b950"),
    _fix("ipm_of_nothing", "without a GISA there is no pending mask to look at (5.1)", "B46"),
    Switch("destroy_synchronizes", "variant", FLAG, "gisa_destroy empties the list and waits for others who do"),
    Switch("restore_locked", "variant", FLAG, "IAM is restored under ref_lock"),
)

GISA_SURROUNDINGS = (
    Switch("moved_kernel", "variant", FLAG, "a physical address of the kernel is not the virtual one (6.10)"),
    Switch("no_gisa", "parameter", FLAG, "VMs have no GISA (kvm.use_gisa=0, or a machine without AIV)"),
)

GISA_MUTANTS = (
    Switch("insert_while_listed", "mutant", FLAG, "hardware inserts a GISA that is in the alert list (P26)"),
    Switch("gib_rearm_early", "mutant", FLAG, "alerts are armed by a plain store, not by an exchange (P26, P27)"),
    Switch("alert_mask_kept", "mutant", FLAG, "unregistering leaves the bit in alert.mask (P25)"),
    Switch("iam_left_armed", "mutant", FLAG, "unregistering leaves IAM as it is (P25, P29)"),
    Switch("restore_nothing", "mutant", FLAG, "a restore of IAM arms nothing (P41)"),
    Switch("destroy_ignores_list", "mutant", FLAG, "gisa_destroy does not care about the alert list (P3)"),
    Switch("timer_after_destroy", "mutant", FLAG, "gisa_destroy does not cancel the timer (P3, P28)"),
)

GISA_SWITCHES = (*GISA_REPAIRS, *GISA_SURROUNDINGS, *GISA_MUTANTS)


@attrs.frozen
class GisaRules:
    """Which of the switches are in; `GisaRules()` is the kernel of 2019 with the series v4."""

    clear_kicked: bool = False
    keep_deliverable: bool = False
    idle_by_index: bool = False
    destroy_takes_list: bool = False
    read_once: bool = True
    gd_of_nothing: bool = True
    gal_handled: bool = True
    physical_link: bool = False
    ipm_of_nothing: bool = False
    destroy_synchronizes: bool = False
    restore_locked: bool = False
    moved_kernel: bool = False
    no_gisa: bool = False
    insert_while_listed: bool = False
    gib_rearm_early: bool = False
    alert_mask_kept: bool = False
    iam_left_armed: bool = False
    restore_nothing: bool = False
    destroy_ignores_list: bool = False
    timer_after_destroy: bool = False

    @classmethod
    def of(cls, settings: Settings) -> GisaRules:
        """What the settings of an era that has all of `GISA_SWITCHES` say."""
        return cls(**{switch.name: settings.on(switch.name) for switch in GISA_SWITCHES})


V4 = GisaRules()
