"""Parts of properties, each by a case that only this part tells apart: which words, and at which step."""

from __future__ import annotations

from functools import partial

import pytest

from aprt.core.finding import Finding
from aprt.core.scenario import Model
from aprt.core.system import Context
from aprt.explore.explore import explore
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.queue_state import ApQueueState
from aprt.vfio_ap.host.bus_scan import card_vanishes, unbind
from aprt.vfio_ap.host.userspace import open_everything
from aprt.vfio_ap.v4.situation import Situation
from tests.vfio_ap.machines import ask, broken, settings


def told(finding: Finding) -> tuple[str, str]:
    """The words, and the operation of the last step."""
    return finding.text, finding.schedule.labels[-1].op


def found(model: Model, id: str) -> list[tuple[str, str]]:
    exploration = explore(model.system, model.select((id,)), stop_on="all")
    assert exploration.stopped is None
    return [told(finding) for finding in exploration.findings]


def unattached(*words: str) -> Situation:
    return Situation.detached(settings(*words), Matrix.of([5], [4]))


@pytest.mark.parametrize(
    ("text", "id", "words", "step"),
    [
        # a refused enable is named when the PQAP is answered, not only when everything is over
        (
            "reset-reenable-busy",
            "P5",
            "vm0.vcpu0 ends at vm0.vcpu0.answer with a pin of page 0x4 of vm0 that is on no record",
            "vm0.vcpu0.answer",
        ),
        (
            "reset-reenable-busy",
            "P6",
            "vm0.vcpu0 ends at vm0.vcpu0.answer with a registration of ISC 4 of vm0 that is on no record",
            "vm0.vcpu0.answer",
        ),
        (
            "dma-unmap",
            "P5",
            "qemu ends at vm0.memory.unmap with a pin of page 0x3 of vm0 given back that is still on record",
            "vm0.memory.unmap",
        ),
        # a queue without records: nothing is forgotten after its reset, and still that must end first
        (
            "card-off+all-measures+off_is_silent=no+guest=use",
            "P35",
            "the VM pointer is cleared before the reset of hw 05.0004 ended",
            "mdev0.end_detach",
        ),
    ],
)
def test_a_part_of_a_property_fails_with_its_own_words(text: str, id: str, words: str, step: str) -> None:
    assert [told(finding) for finding in ask(text, id).findings] == [(words, step)]


def test_where_nothing_is_left_over_procedures_end_with_nothing_in_hand() -> None:
    assert broken("reset-reenable-busy+refused_undoes", "P5", "P6") == set()
    assert broken("dma-unmap+unmap_disables", "P5") == set()
    assert broken("card-off+all-measures+guest=use", "P35") == set()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), [("05.0004 is unbound while it holds something of vm0", "ap_bus.end_remove")]),
        (("wait_reset",), []),
    ],
)
def test_p11_sees_that_a_queue_with_keys_but_no_requests_is_unbound_before_its_reset_ends(
    words: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    """The series waits for E, which is on all the time when there are no requests."""
    s = Situation.attached(settings(*words), running=False)
    s.states[s.machine.queues[s.apqn].hw.name] = ApQueueState(user="vm0")
    model = s.model(Context("unbind", partial(unbind, s.machine, s.apqn)), scope="the queue is unbound")
    assert found(model, "P11") == expected


async def _vanishes_then_opens(s: Situation) -> None:
    await card_vanishes(s.machine, 5)
    await open_everything(s.machine, s.guest)


def test_p17_sees_that_a_guest_is_given_a_queue_that_the_host_has_no_more() -> None:
    s = unattached()
    model = s.model(Context("all", partial(_vanishes_then_opens, s)), scope="one after the other")
    assert found(model, "P17") == [("vm0 reaches 05.0004, which the host does not have", "vm0.group.called")]


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("vm9", [("05.0004 becomes visible to vm0 while it holds something of vm9", "vm0.crycb.set_masks")]),
        (None, []),
    ],
)
def test_p11_sees_that_a_guest_is_shown_a_queue_with_something_of_its_last_user(
    user: str | None, expected: list[tuple[str, str]]
) -> None:
    s = unattached()
    s.states[s.machine.queues[s.apqn].hw.name] = ApQueueState(user=user)
    model = s.model(Context("qemu", partial(open_everything, s.machine, s.guest)), scope="QEMU opens the device")
    assert found(model, "P11") == expected
