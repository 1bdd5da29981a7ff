"""Masks as sysfs prints them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprt.vfio_ap.ap.masks import ALL, format_mask, parse_mask

numbers = st.frozensets(st.integers(0, 255))


@given(numbers)
def test_a_mask_reads_back_what_was_printed(wanted: frozenset[int]) -> None:
    text = format_mask(wanted)
    assert (len(text), text[:2]) == (66, "0x")
    assert parse_mask(text) == wanted


@given(st.text("0123456789abcdef", min_size=64, max_size=64))
def test_every_mask_prints_back_as_it_was_read(digits: str) -> None:
    assert format_mask(parse_mask(f"0x{digits}")) == f"0x{digits}"


@given(numbers)
def test_bit_n_is_the_nth_from_the_left(wanted: frozenset[int]) -> None:
    bits = f"{int(format_mask(wanted), 16):0256b}"
    assert [n for n in range(256) if bits[n] == "1"] == sorted(wanted)


def test_the_masks_of_well_known_sets() -> None:
    zeros = "0" * 62
    assert format_mask([]) == f"0x{zeros}00"
    assert format_mask([0]) == f"0x80{zeros}"
    assert format_mask([5, 6]) == f"0x06{zeros}"
    assert format_mask([255]) == f"0x{zeros}01"
    assert format_mask(ALL) == "0x" + "f" * 64


@pytest.mark.parametrize(
    "text", ["", "0x", "f" * 64, "0x" + "f" * 63, "0x" + "f" * 65, "0x" + "_" * 64, "-1", "0x\u0663" + "0" * 63]
)
def test_anything_else_is_no_mask(text: str) -> None:
    with pytest.raises(ValueError, match="is not a mask: 0x and 64 hexadecimal digits, bit 0 leftmost"):
        parse_mask(text)


@pytest.mark.parametrize("number", [-1, 256])
def test_a_number_without_a_bit_cannot_be_printed(number: int) -> None:
    with pytest.raises(ValueError, match=rf"\[{number}\] are not in 0\.\.255"):
        format_mask([1, number])
