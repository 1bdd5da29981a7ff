"""Layouts of states: numbers come back, differences add up, no field straddles a word, and hashes are spread."""

from __future__ import annotations

from itertools import product

import pytest

from aprt.explore.learned.packing import Packing
from aprt.explore.stateful.layout import Fields, Layout, byte_widths, tight_widths
from tests.explore.tiny import dining, increments


def packing(values: int = 1) -> Packing:
    """Of three philosophers and three forks; the first philosopher has had so many values."""
    made = Packing(dining(3, looping=False), memories=0)
    for slot in range(9):
        made.intern(slot, "first")
    for value in range(1, values):
        made.intern(0, value)
    return made


WIDTHS = {0: 9, 1: 30, 2: 30, 3: 1, 4: 20, 5: 8}
NUMBERS = [500, 1 << 29, 7, 1, 12_345, 255, 0, 0, 0]


def test_numbers_come_back_and_slots_without_a_field_are_zero() -> None:
    layout = Layout(packing(), WIDTHS)
    assert layout.numbers(layout.pack(NUMBERS)) == NUMBERS
    assert [layout.field(layout.pack(NUMBERS), slot) for slot in range(9)] == NUMBERS
    assert layout.numbers(layout.pack([*NUMBERS[:6], 1, 2, 3])) == NUMBERS


def test_no_field_straddles_a_word() -> None:
    layout = Layout(packing(), WIDTHS)
    assert layout.words == 2
    assert all(layout.shifts[slot] // 64 == (layout.shifts[slot] + width - 1) // 64 for slot, width in WIDTHS.items())


def test_a_delta_leads_from_one_state_to_the_other() -> None:
    layout = Layout(packing(), WIDTHS)
    after = [3, 0, 1 << 29, 0, 1, 0, 0, 0, 0]
    changes = [(slot, after[slot] - NUMBERS[slot]) for slot in range(9)]
    assert layout.pack(NUMBERS) + layout.delta(changes) == layout.pack(after)


def test_a_mask_keeps_the_fields_of_its_slots_and_nothing_else() -> None:
    layout = Layout(packing(), WIDTHS)
    kept = layout.pack(NUMBERS) & layout.mask([0, 4])
    assert layout.numbers(kept) == [500, 0, 0, 0, 12_345, 0, 0, 0, 0]


def test_states_are_packed_anew_as_another_layout_says() -> None:
    before, after = Layout(packing(), WIDTHS), Layout(packing(), {5: 20, 4: 21, 3: 22, 2: 31, 1: 32, 0: 33, 6: 1})
    assert before.conversion(after)(before.pack(NUMBERS)) == after.pack(NUMBERS)


@pytest.mark.parametrize(("values", "fits"), [(256, True), (257, False)])
def test_a_layout_tells_when_a_number_has_no_room(values: int, fits: bool) -> None:
    assert Layout(packing(values), dict.fromkeys(range(9), 8)).fits() is fits
    assert Layout(packing(values), dict.fromkeys(range(1, 9), 8)).fits()


@pytest.mark.parametrize(
    ("least", "widths"), [(0, [6, *[1] * 8]), (4, [7] * 9), (5, [7] * 9), (7, [7] * 9), (8, [12] * 9)]
)
def test_fields_have_the_room_to_grow_that_takes_no_more_words(least: int, widths: list[int]) -> None:
    assert tight_widths(packing(values=5), range(9), least) == dict(enumerate(widths))


def test_all_fields_are_read_at_once() -> None:
    some = packing(70_000)
    layout = Layout(some, {**byte_widths(some, range(9)), 5: 16})
    fields, numbers = Fields(layout), [69_999, 0, 255, 1, 2, 40_000, 3, 4, 5]
    read = fields.unpack(layout.pack(numbers).to_bytes(fields.size, "little"))
    assert [read[fields.places[slot]] for slot in range(9)] == numbers


def test_states_that_differ_in_high_fields_do_not_share_the_low_bits_of_their_hashes() -> None:
    system, _ = increments(3)
    slots = Packing(system, memories=0)
    layout = Layout(slots, dict.fromkeys(range(7), 8))
    states = [layout.pack([0, 0, 0, *numbers]) for numbers in product(range(8), repeat=4)]
    # thrown at random, 4,096 balls hit about 3,860 of 32,768 urns
    assert len({hash(state) & 0x7FFF for state in states}) > 3_500
