"""A directory as the subject of a command: what its token and its switches mean afterwards."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aprt.cli.topology import topology_case
from aprt.core.errors import UserError
from aprt.verdict.case import Case
from aprt.verdict.tokens import resolve
from aprt.vfio_ap.eras import ERAS

DEMO = str(Path(__file__).parents[2] / "demos" / "three-guests")


def case(text: str = DEMO, put_in: tuple[str, ...] = (), taken_out: tuple[str, ...] = ()) -> Case:
    return topology_case(ERAS, text, None, put_in, taken_out)


def test_the_script_puts_its_measures_in() -> None:
    assert case().settings.names("measure") == case(put_in=("all-measures",)).settings.names("measure")
    assert len(case().settings.names("measure")) == 6


@pytest.mark.parametrize("taken_out", [("all-measures",), ("vm_ref",), ()])
def test_the_reference_of_a_case_leads_back_to_its_switches(taken_out: tuple[str, ...]) -> None:
    changed = case(taken_out=taken_out)
    assert case(str(changed)).settings == changed.settings


def test_all_measures_taken_out_are_one_word() -> None:
    assert str(case(taken_out=("all-measures",))) == f"{DEMO}+all-measures=out"


def test_a_switch_named_itself_counts_for_more_than_its_group() -> None:
    assert case(put_in=("vm_ref",), taken_out=("all-measures",)).settings.names("measure") == ("vm_ref",)
    kept = case(put_in=("all-measures",), taken_out=("vm_ref",)).settings.names("measure")
    assert "vm_ref" not in kept
    assert len(kept) == 5


def test_a_text_too_long_for_a_file_name_is_taken_for_a_token() -> None:
    with pytest.raises(UserError, match="token"):
        resolve("aprt2:e:" + "A" * 4000, case)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('"all-measures"', '"all-mesures"', "with: unknown switch 'all-mesures' (did you mean 'all-measures'?)"),
        ('era = "v4"', 'era = "v5"', "era: unknown era 'v5' (see aprt era list)"),
    ],
)
def test_a_wrong_word_in_a_script_is_told_with_file_and_field(tmp_path: Path, old: str, new: str, line: str) -> None:
    copy = tmp_path / "demo"
    shutil.copytree(DEMO, copy)
    script = copy / "script.toml"
    script.write_text(script.read_text().replace(old, new))
    with pytest.raises(UserError) as caught:
        case(str(copy))
    assert str(caught.value) == f"{script}: {line}"
