"""Names of queues."""

import pytest

from aprt.vfio_ap.ap.apqn import Apqn


def test_an_apqn_prints_as_the_kernel_prints_it_and_reads_back() -> None:
    assert [str(Apqn(5, 4)), str(Apqn(0, 0)), str(Apqn(255, 0xAB))] == ["05.0004", "00.0000", "ff.00ab"]
    every = [Apqn(apid, apqi) for apid in range(0, 256, 5) for apqi in range(256)]
    assert [Apqn.parse(str(apqn)) for apqn in every] == every
    assert Apqn.parse("0A.00fF") == Apqn(10, 255)


def test_apqns_are_ordered_adapter_major() -> None:
    assert sorted([Apqn(6, 0), Apqn(5, 255), Apqn(5, 4)]) == [Apqn(5, 4), Apqn(5, 255), Apqn(6, 0)]


@pytest.mark.parametrize(("apid", "apqi"), [(256, 0), (0, 256), (-1, 0), (0, -1)])
def test_a_number_outside_the_masks_makes_no_apqn(apid: int, apqi: int) -> None:
    with pytest.raises(ValueError, match=r"is not in 0\.\.255"):
        Apqn(apid, apqi)


@pytest.mark.parametrize(
    "text", ["", "5.4", "05.004", "05.00044", "05-0004", "+5.0004", " 05.0004", "05.000g", "\u0660\u0665.0004"]
)
def test_only_two_and_four_hexadecimal_digits_are_an_apqn(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no APQN such as 05\.0004"):
        Apqn.parse(text)


def test_four_digits_can_say_a_domain_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match=r"^domain 0100 of 05\.0100 is above 00ff$"):
        Apqn.parse("05.0100")
