"""On bugs of the museum, the detector of the kind names what the property is about."""

from __future__ import annotations

import pytest

from aprt.core.execution import Execution
from aprt.detect.detection import Detection
from aprt.detect.detectors import Detectors
from aprt.explore.explore import explore
from aprt.explore.replay import replay
from aprt.explore.sampling.random_walk import sample_schedules
from aprt.explore.stepper import Stepper
from aprt.verdict.case import Case
from aprt.vfio_ap.eras import ERAS


def shown(reference: str, property: str, kind: str) -> tuple[str, tuple[Detection, ...], Execution]:
    """The words of the shortest violation; what the detector says when that went on to an end; and how it ended."""
    model = Case.parse(reference, ERAS).model()
    (finding,) = explore(model.system, model.select([property])).findings
    with Stepper(model.system) as stepper:
        for label in finding.schedule:
            stepper.step(label.context, label.op)
        while enabled := stepper.enabled():
            stepper.step(enabled[0].context, enabled[0].op)
        schedule = stepper.execution().schedule
    detectors = Detectors(model.system, [kind])
    execution = replay(model.system, schedule, (), (detectors,))
    return finding.text, detectors.found, execution


def test_b4_the_hook_is_called_in_a_freed_mdev() -> None:
    text, found, _ = shown("2026/remove-mdev+B4=out", "P9", "use-after-free")
    bad = next(one for one in found if "possible" not in one.text)
    assert bad.objects[0] in text
    assert [site.role for site in bad.sites] == ["made", "freed", "used"]
    assert bad.sites[2].context == "vm0.vcpu0"


def test_b6_records_are_read_in_a_freed_queue() -> None:
    text, found, _ = shown("2026/unbind+B6=out", "P9", "use-after-free")
    bad = next(one for one in found if "possible" not in one.text)
    assert (bad.objects, bad.objects[0] in text) == (("q 05.0004",), True)
    assert [site.role for site in bad.sites] == ["made", "freed", "used"]


def test_b11_one_thread_waits_for_its_own_lock() -> None:
    text, found, execution = shown("6.2/kill-qemu+B11=out", "P21", "hang")
    (hung,) = found
    assert execution.ending == "oops"
    assert hung.objects[0] in text
    assert hung.objects[1] in text
    assert hung.text.startswith("deadlock of 1: ")


LEAKS = [
    ("2026/reset-reenable+B5=out", "P6", "gisc vm0 3", "ISC 3 of vm0"),
    ("2026/lose-enabled+B18=out", "P5", "pin vm0 3", "page 0x3 of vm0"),
    ("2026/no-gisa+B37=out", "P5", "pin vm0 3", "a pin of page 0x3 of vm0"),
    ("5.12/group-taken+B7=out", "P4", "vm0", "vm0"),
]


@pytest.mark.parametrize(("reference", "property", "resource", "words"), LEAKS)
def test_what_the_property_calls_leaked_is_what_the_detector_names(
    reference: str, property: str, resource: str, words: str
) -> None:
    text, found, execution = shown(reference, property, "leak")
    assert execution.ending == "end"
    assert words in text
    assert resource in [leak.objects[0] for leak in found]


@pytest.mark.parametrize("reference", [reference.partition("+")[0] for reference, *_ in LEAKS[:3]])
def test_with_the_fix_nothing_leaks(reference: str) -> None:
    model = Case.parse(reference, ERAS).model()
    detectors, ends = Detectors(model.system, ["leak"]), 0
    for schedule in sample_schedules(model.system, 20, seed=1):
        detectors.begin()
        execution = replay(model.system, schedule, (), (detectors,))
        assert detectors.found == ()
        ends += execution.ending == "end"
    assert ends


@pytest.mark.parametrize(
    ("reference", "property", "kind", "words"),
    [
        ("5.13/pv-switch+B2=out", "P20", "lock-order", "possible circular locking dependency: kvm_lock -> vcpu_mutex"),
        ("2026/create-while-walked+B20=out", "P22", "guard", "reader does matrix_dev.list_mdevs without holding"),
    ],
)
def test_what_is_said_of_locks_is_what_the_property_says(reference: str, property: str, kind: str, words: str) -> None:
    text, found, _ = shown(reference, property, kind)
    assert text.startswith(words)
    assert text in [one.text for one in found]
