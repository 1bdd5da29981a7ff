"""The words of a GISA: software by compare-and-swap, hardware behind its back."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from aprt.core.actor import BLOCK
from aprt.core.caller import Caller
from aprt.core.effects import Call
from aprt.core.notes import Broken, Oops, Owes
from aprt.vfio_ap.kvm.gisa import LINKING, NONE, NULL, Gisa, GisaState, Word, bit, first_isc, is_gisa
from aprt.vfio_ap.kvm.gisa_switches import GisaRules

GISA = Gisa("g")
FREE = GisaState("g")
ARMED = GisaState("g", iam=0x14)
PENDING = GisaState("g", ipm=0x14)
LISTED = GisaState(NULL, ipm=0x10)
BEFORE_H = GisaState("h", ipm=0x10)
BUSY = GisaState(LINKING, ipm=0x10)
IN_SIE = GisaState("g", ipm=0x14, iam=0x14, running=(("v0", 0x10), ("v1", 0x04)))
EBUSY = -16


def answer(call: Call[Any], state: GisaState) -> Any:
    return call.actor.handle(state, call, Caller("x"))


@pytest.mark.parametrize(
    ("call", "before", "expected"),
    [
        (GISA.set_iam(0x14), FREE, (ARMED, 0, ())),
        (GISA.set_iam(0x10), LISTED, (LISTED, EBUSY, ())),
        (GISA.get_ipm(), BUSY, (BUSY, 0x10, ())),
        (GISA.tac_ipm(3), PENDING, (GisaState("g", ipm=0x04), True, ())),
        (GISA.tac_ipm(4), PENDING, (PENDING, False, ())),
        (GISA.read_word(), LISTED, (LISTED, Word(NULL, 0x10, 0), ())),
        (GISA.poll_word(), ARMED, (attrs.evolve(ARMED, polled=True), Word("g", 0, 0x14), ())),
        (GISA.in_alert_list(), FREE, (FREE, False, ())),
        (GISA.in_alert_list(), LISTED, (LISTED, True, ())),
        (GISA.store_word(Word("g", 0, 0x14)), LISTED, (ARMED, None, ())),
    ],
)
def test_software_changes_the_word_in_one_step(call: Call[Any], before: GisaState, expected: Any) -> None:
    assert answer(call, before) == expected


RESTORED = (Owes(("restore", "g"), -1),)


def test_restoring_compares_the_whole_word_and_happens_even_in_the_alert_list() -> None:
    assert answer(GISA.restore_iam(FREE.word, 0x14), FREE) == (ARMED, True, RESTORED)
    assert answer(GISA.restore_iam(FREE.word, 0x14), PENDING) == (PENDING, False, RESTORED)
    assert answer(GISA.restore_iam(LISTED.word, 0x14), LISTED) == (attrs.evolve(LISTED, iam=0x14), True, RESTORED)


@pytest.mark.parametrize(
    "call",
    [
        GISA.set_iam(0),
        GISA.read_word(),
        GISA.poll_word(),
        GISA.restore_iam(BUSY.word, 0),
        GISA.store_word(FREE.word),
        GISA.in_alert_list(),
        GISA.unlink(),
        GISA.make_pending(5),
    ],
    ids=str,
)
def test_nobody_sees_a_half_done_insertion(call: Call[Any]) -> None:
    assert answer(call, BUSY) is BLOCK


def test_unlinking_replies_what_follows_and_owes_a_timer() -> None:
    owes = (Owes(("slice", "g"), -1), Owes(("restore", "g"), 1))
    assert answer(GISA.unlink(), LISTED) == (GisaState("g", ipm=0x10), NULL, owes)
    assert answer(GISA.unlink(), BEFORE_H) == (GisaState("g", ipm=0x10), "h", (*owes, Owes(("slice", "h"), 1)))


@pytest.mark.parametrize(
    ("before", "isc", "after", "alert"),
    [
        (ARMED, 3, GisaState(LINKING, ipm=0x10), True),  # all of IAM goes, not only the bit
        (ARMED, 0, GisaState("g", ipm=0x80, iam=0x14), False),  # not armed
        (attrs.evolve(LISTED, iam=0x14), 5, GisaState(NULL, ipm=0x14, iam=0x14), False),
        (attrs.evolve(IN_SIE, ipm=0), 3, attrs.evolve(IN_SIE, ipm=0x10), False),  # v0 takes it
        (attrs.evolve(IN_SIE, ipm=0, iam=0xFF), 0, attrs.evolve(IN_SIE, ipm=0x80, iam=0, next_alert=LINKING), True),
    ],
)
def test_an_alert_is_due_when_it_is_armed_and_no_vcpu_in_sie_is_open(
    before: GisaState, isc: int, after: GisaState, alert: bool
) -> None:
    assert answer(GISA.make_pending(isc), before) == (after, alert, ())


def test_the_mutant_inserts_a_gisa_that_is_listed() -> None:
    mutant = Gisa("g", GisaRules(insert_while_listed=True))
    before = attrs.evolve(LISTED, iam=0x14)
    assert answer(mutant.make_pending(5), before) == (GisaState(LINKING, ipm=0x14), True, ())


def test_linking_ends_the_insertion() -> None:
    assert answer(GISA.link(NONE), BUSY) == (GisaState(NONE, ipm=0x10), None, ())
    assert answer(GISA.link("h"), BUSY) == (BEFORE_H, None, (Owes(("slice", "h"), -1),))


def test_a_vcpu_takes_the_highest_open_isc_before_it_leaves_sie() -> None:
    assert answer(GISA.enter("v0", 0x18), FREE) == (GisaState("g", running=(("v0", 0x18),)), None, ())
    left = GisaState("g", ipm=0x04, iam=0x14, running=(("v1", 0x04),))
    assert answer(GISA.leave("v0"), IN_SIE) == (left, 3, ())
    quiet = attrs.evolve(IN_SIE, ipm=0x80)
    assert answer(GISA.leave("v1"), quiet) == (attrs.evolve(quiet, running=(("v0", 0x10),)), None, ())


def test_a_timer_that_has_looked_waits_until_the_word_changes() -> None:
    polled, _, _ = answer(GISA.poll_word(), PENDING)
    assert answer(GISA.changed(), polled) is BLOCK
    assert answer(GISA.make_pending(3), polled) == (polled, False, ())  # it was pending: the same word
    after, _, _ = answer(GISA.make_pending(0), polled)
    assert after == GisaState("g", ipm=0x94)
    assert answer(GISA.changed(), after) == (after, None, ())
    freed = attrs.evolve(polled, live=False)
    assert answer(GISA.changed(), freed) == (freed, None, ())


@pytest.mark.parametrize(
    ("call", "before", "after", "reply", "does"),
    [
        (GISA.make_pending(3), ARMED, GisaState(LINKING, ipm=0x10), True, "makes isc 3 pending in"),
        (GISA.link(NULL), BUSY, LISTED, None, "links an alert into"),
        (GISA.enter("v0", 1), FREE, GisaState("g", running=(("v0", 1),)), None, "runs with"),
        (GISA.leave("v0"), GisaState("g", running=(("v0", 1),)), FREE, None, "runs with"),
    ],
    ids=str,
)
def test_hardware_touches_a_freed_gisa_and_goes_on(
    call: Call[Any], before: GisaState, after: GisaState, reply: Any, does: str
) -> None:
    freed = attrs.evolve(before, live=False)
    finding = Broken("P2", f"x {does} g, which is freed")
    assert answer(call, freed) == (attrs.evolve(after, live=False), reply, (finding,))


def test_software_that_touches_a_freed_gisa_is_an_oops() -> None:
    freed = attrs.evolve(FREE, live=False)
    assert answer(GISA.free(), FREE) == (freed, None, ())
    assert answer(GISA.unlink(), freed) == (freed, None, (Oops("P9", "use after free: unlink on freed g"),))
    assert answer(GISA.free(), freed) == (freed, None, (Oops("P9", "double free: g is already freed"),))


def test_isc_0_is_the_leftmost_bit_and_goes_first() -> None:
    assert [bit(isc) for isc in range(8)] == [0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01]
    assert [first_isc(mask) for mask in (0x80, 0xFF, 0x14, 0x04, 0x01)] == [0, 0, 3, 5, 7]
    assert [is_gisa(link) for link in (NULL, NONE, LINKING, "g")] == [False, False, False, True]
