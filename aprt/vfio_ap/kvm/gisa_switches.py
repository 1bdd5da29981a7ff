"""The switches of the GISA and GIB: repairs of what the kernel of 2019 gets wrong, and mutants.

Repairs that a later kernel has are fixes, by their number in the museum and their commit.

Two repairs are in no kernel known to the model's sources. `destroy_synchronizes` closes the gap between a GISA's
leaving the alert list and the start of its timer, which breaks P3 and P28 and is still there with the repair of 6.6.
`restore_locked` closes the one in which a restore of IAM misses that the last user of an ISC is gone (P25, P29).

A mutant is a mistake that this kernel does not make, some later ones did (B41, B43); it is there so that a property
which nothing else breaks can be seen to fail.

`GisaRules` is what actors and behaviours are given: one flag a switch, all of them out in the kernel of 2019.
"""

from __future__ import annotations

import attrs

from aprt.core.scenario import FLAG, Settings, Switch


def _fix(name: str, about: str, *aliases: str) -> Switch:
    return Switch(name, "fix", FLAG, about, aliases)


GISA_REPAIRS = (
    _fix("clear_kicked", "a kicked bit is cleared before sleeping again too (5.15)", "B8", "9b57e9d5010b"),
    _fix("keep_deliverable", "a vCPU that is passed over leaves the pending ISCs alone (5.15)", "B9", "0e9ff65f455d"),
    _fix("idle_by_index", "the idle mask is written by vCPU index, not by vcpu_id (5.15)", "B40", "a3e03bc1368c"),
    _fix("destroy_takes_list", "gisa_destroy clears IAM and processes the list itself (6.6)", "B10", "f87ef5723536"),
    Switch("destroy_synchronizes", "variant", FLAG, "gisa_destroy empties the list and waits for others who do"),
    Switch("restore_locked", "variant", FLAG, "IAM is restored under ref_lock"),
)

GISA_MUTANTS = (
    Switch("insert_while_listed", "mutant", FLAG, "hardware inserts a GISA that is in the alert list (P26)"),
    Switch("torn_word", "mutant", FLAG, "set_iam writes back a word read earlier, without comparing (P26, B41)"),
    Switch("gib_rearm_early", "mutant", FLAG, "alerts are armed by a plain store, not by an exchange (P26, P27)"),
    Switch("gal_lost", "mutant", FLAG, "the alert interrupt reaches no handler (P27, P30, B43)"),
    Switch("alert_mask_kept", "mutant", FLAG, "unregistering leaves the bit in alert.mask (P25)"),
    Switch("iam_left_armed", "mutant", FLAG, "unregistering leaves IAM as it is (P25, P29)"),
    Switch("destroy_ignores_list", "mutant", FLAG, "gisa_destroy does not care about the alert list (P3)"),
    Switch("timer_after_destroy", "mutant", FLAG, "gisa_destroy does not cancel the timer (P3, P28)"),
)

GISA_SWITCHES = (*GISA_REPAIRS, *GISA_MUTANTS)


@attrs.frozen
class GisaRules:
    """Which of the switches are in; `GisaRules()` is the kernel of 2019 with the series v4."""

    clear_kicked: bool = False
    keep_deliverable: bool = False
    idle_by_index: bool = False
    destroy_takes_list: bool = False
    destroy_synchronizes: bool = False
    restore_locked: bool = False
    insert_while_listed: bool = False
    torn_word: bool = False
    gib_rearm_early: bool = False
    gal_lost: bool = False
    alert_mask_kept: bool = False
    iam_left_armed: bool = False
    destroy_ignores_list: bool = False
    timer_after_destroy: bool = False

    @classmethod
    def of(cls, settings: Settings) -> GisaRules:
        """What the settings of an era that has all of `GISA_SWITCHES` say."""
        return cls(**{switch.name: settings.on(switch.name) for switch in GISA_SWITCHES})


V4 = GisaRules()
