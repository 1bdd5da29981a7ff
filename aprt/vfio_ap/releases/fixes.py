"""The fixes of the driver and of what is around it, by their number in the museum, with the release that has them.

An era has every fix whose version is at most its own. A fix is a switch, in where the era has it, of every era that has
the code which it mends.
"""

from __future__ import annotations

import attrs

from aprt.core.switch import Switch

NEWEST = "2026"


@attrs.frozen
class Fix:
    """number: in the museum, and the switch's name. since: the first release that has it. about: what it does."""

    number: str
    since: str
    about: str
    commits: tuple[str, ...] = ()


FIXES = (
    Fix("B1", "5.3", "an mdev that has a VM holds a reference of it until its queues are reset", ("ec89b55e3bce",)),
    Fix(
        "B2",
        "5.13",
        "the lock is given back while the guest's masks are written, and a flag keeps others out",
        ("0cc00c8d4050",),
    ),
    Fix("B3", "5.15", "kvm->lock is taken before the lock, instead of the flag", ("86956e70761b",)),
    Fix("B4", "5.15", "the hook is read and called under a lock, and changed under it", ("1e753732bda6",)),
    Fix("B5", "5.3", "a second enable gives back what the first one left", ("ec89b55e3bce",)),
    Fix("B6", "5.3", "the PQAP handler runs under the driver's lock", ("ec89b55e3bce",)),
    Fix("B7", "5.11", "an mdev whose VM goes is cleaned up as when it is closed", ("f21916ec4826",)),
    Fix("B11", "6.2", "the group forgets its VM when the kvm-vfio file is closed", ("51cdc8bc120e",)),
    Fix("B12", "6.3", "a spinlock of its own guards the group's VM", ("2b48f52f2bff",)),
    Fix("B13", "6.2", "DMA unmap disables the queues whose NIB is in the range", ("2a54e347d990",)),
    Fix(
        "B14",
        "6.3",
        "TAPQ's response code says when a reset is over",
        ("62414d901c3a", "0daf9878a799", "3ba41768105c", "5a42b348adf9", "51d4d9877087", "7cb7636a1ac1"),
    ),
    Fix(
        "B15",
        "6.6",
        "a work item waits for the end of a reset, without limit",
        (
            *("680b7ddd7e2a", "7aa7b2a80cb7", "411b0109daa5", "c51f8c6bb5c8"),
            *("dd174833e44e", "9261f0438835", "e1f17f8ea93d", "7847a19b5b62"),
        ),
    ),
    Fix("B16", "6.0", "what is assigned or linked already is left alone", ("1918f2b20c3d",)),
    Fix("B17", NEWEST, "the hook is tested and set in one section, and stays out on error", ("4400270ec034",)),
    Fix("B18", NEWEST, "a queue that left the host's configuration gives back what it owns", ("65e05ec252a9",)),
    Fix("B19", NEWEST, "kvm->lock is taken only where there is a VM", ("d50346801b4f",)),
    Fix("B20", NEWEST, "the list of mdevs is changed and walked under guests_lock", ("7fa61c29850d",)),
    Fix("B21", NEWEST, "a mask that becomes empty is a change, too", ("917f509bfb88",)),
    Fix("B22", NEWEST, "probe takes its locks before the attribute appears", ("dd6f4ef6f8a3",)),
    Fix("B23", NEWEST, "the bitmap of filtered adapters begins empty", ("bf09b9d7cd78",)),
    Fix("B24", NEWEST, "whether something was removed is asked for each mdev anew", ("b1f092d94f62",)),
    Fix("B25", NEWEST, "control domains that the host lost are taken from the guest", ("6b8a02e216f6",)),
    Fix("B26", NEWEST, "what the host gained is noted under mdevs_lock", ("5883528250be",)),
    Fix("B27", "6.8", "unbinding a queue resets all queues of its adapter", ("f009cfa46655",)),
    Fix("B28", "6.8", "queues that the filter takes from a guest are reset", ("f848cba767e5",)),
    Fix("B29", "6.8", "the filter looks at the whole matrix", ("850fb7fa8c68",)),
    Fix("B30", "6.8", "the filter looks at what the host has", ("16fb78cbf56e",)),
    Fix("B31", "6.8", "probe leaves a guest alone for which additions are pending", ("774d10196e64",)),
    Fix("B32", "6.8", "a queue that left the host's configuration is not reset", ("b9bd10c43456",)),
    Fix("B33", "6.0", "queues are reset when they are unassigned", ("70aeefe574cb",)),
    Fix("B34", "6.0", "an unassigned queue leaves the table of its mdev"),
    Fix("B35", "5.11", "a queue that was reset is not told to switch its interrupt off", ("6c12a6384e0c",)),
    Fix("B36", "5.13", "an mdev is removed whatever it has, as nobody listens to a refusal", ("8c0795d2a0f5",)),
    Fix("B37", "6.8", "a failed registration gives the pin back, and answers 06", ("7b2d039da622", "3746d48c55ac")),
    Fix("B38", "6.3", "the NIB address 0 is refused", ("a64a6d23874c",)),
    Fix("B39", "6.3", "a probe that fails takes its attribute away again", ("08866d34c709",)),
    Fix("B45", NEWEST, "a PCI function whose forwarding fails gives its registration back", ("7b69729046a4",)),
    Fix("B47", "5.15", "without an interrupt the bus polls for replies", ("cabebb697c98",)),
    Fix("B48", "5.16", "orphaned replies do not upset the count", ("e73a99f3287a", "3826350e6dd4")),
    Fix("B49", "6.7", "no scan is forced before the first one is done", ("e14aec23025e",)),
    Fix("B50", "5.19", "a module reference is given back whatever in_use says", ("2f23256c0ea2",)),
    Fix("B51", "5.1", "a device between two drivers is not taken for broken", ("b1af7528d27e",)),
    Fix("B52", "5.4", "the warning about a reset that was not seen to end tests the right counter"),
)

_OF_AQIC = ("B1", "B3", "B4", "B5", "B6", "B13", "B14", "B15", "B17", "B18", "B37", "B38", "B52")
_OF_NOTIFIER = ("B2", "B3", "B7", "B36")
_OF_DYNAMIC_CONFIG = (
    *("B11", "B12", "B16", "B19", "B20", "B21", "B22", "B23", "B24", "B25", "B26"),
    *("B27", "B28", "B29", "B30", "B31", "B32", "B33", "B34", "B39", "B45", "B50"),
)


def concerns(fix: Fix, era: str) -> bool:
    """Whether an era has the code that a fix mends.

    That may be interrupt control, since 5.3; the group notifier, before 6.0; or what replaced it, and with it
    interrupts of PCI functions that are forwarded (B45) and a driver that says what is in use (B50). Since the hook has
    a lock (B4) it is changed in a section of its own, which is what B17 mends.
    """
    if fix.number == "B17" and not has(era, "5.15"):
        return False
    if has(era, "6.0"):
        return fix.number not in _OF_NOTIFIER
    return fix.number not in (_OF_DYNAMIC_CONFIG if has(era, "5.3") else (*_OF_DYNAMIC_CONFIG, *_OF_AQIC))


def has(era: str, since: str) -> bool:
    """Whether an era has what came with a release."""
    return _order(since) <= _order(era)


def fix_switches(era: str) -> tuple[Switch, ...]:
    """A switch for every fix of code that the era has: in, where it has the fix."""
    fixes = (fix for fix in FIXES if concerns(fix, era))
    return tuple(Switch(f.number, "fix", in_or_out(has(era, f.since)), f.about, f.commits) for f in fixes)


def never_had(era: str) -> tuple[Switch, ...]:
    """Fixes of code that an era does not have yet, which its driver asks about all the same: always out."""
    fixes = (fix for fix in FIXES if fix.number == "B17" and not concerns(fix, era))
    return tuple(Switch(fix.number, "feature", ("out",), f"{fix.about} ({fix.since})") for fix in fixes)


def in_or_out(default: bool) -> tuple[str, str]:
    """The values of a flag that is in, or out, by default."""
    return ("in", "out") if default else ("out", "in")


def _order(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split("."))
