"""The first line of an answer."""

from aprt.verdict.case import Case
from aprt.vfio_ap.eras import ERAS
from aprt.view.heading import heading
from aprt.view.paint import Paint

TITLE = "QEMU is killed while its guest enables an interrupt"


def test_a_title_goes_on_the_line_of_its_reference_where_it_fits() -> None:
    assert heading(Case.parse("v4/kill-qemu+vm_ref", ERAS), Paint()) == f"v4/kill-qemu+vm_ref  {TITLE}"


def test_a_title_for_which_there_is_no_room_goes_on_a_line_of_its_own() -> None:
    assert heading(Case.parse("v4/kill-qemu+all-measures", ERAS), Paint()) == f"v4/kill-qemu+all-measures\n{TITLE}"


def test_a_title_that_is_longer_than_a_line_is_wrapped() -> None:
    assert heading(Case.parse("2026/late-kick+B8=out", ERAS), Paint()) == (
        "2026/late-kick+B8=out\na vCPU takes an interrupt while the timer is about to kick it, and another\ncomes"
    )
