"""`aprt explain`: which finding is told, and in which shape, as a user meets it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from aprt.cli import known_eras
from aprt.cli.root import root
from tests.toy import ERAS


def aprt(*args: str) -> Result:
    return CliRunner().invoke(root, args, obj=known_eras)


def token(reference: str, property: str) -> str:
    found: str = json.loads(aprt("explore", reference, "--property", property, "--format", "json").stdout)["token"]
    return found


def head(*args: str) -> list[str]:
    return aprt("explain", *args).stdout.splitlines()


def test_what_goes_on_for_ever_is_told_although_one_execution_cannot_show_it() -> None:
    lines = head(token("2026/end-listed+B10=out", "P33"))
    assert lines[2:5] == ["INFO: task hung in kvm_s390_gisa_destroy", "", "(gisa_destroy of vm0 goes on, for ever)"]
    assert "  (goes round for ever: vm0.gisa.in_alert_list)" in lines
    hang = head(token("2026/host-no-irq+B47=out", "P49"), "--as", "columns")
    assert "violates P49: no end state can be reached: ioctl0 is at aq.read" in hang


def test_of_several_findings_that_of_the_last_step_is_told_first() -> None:
    known = token("2026/two-vms", "P28")
    assert head(known, "--property", "P28")[2].startswith("invariant P28 broken in ")


def test_data_without_its_lock_is_told_as_a_race_by_a_schedule_that_has_both_sides() -> None:
    known = token("2026/create-while-walked+B20=out", "P22")
    lines = head(known)
    title = "KCSAN: data-race in vfio_ap_mdev_probe / vfio_ap_on_cfg_changed"
    assert lines[2] == title
    assert "value changed: (mdev0) -> (mdev0, mdev1)" in lines
    again = lines[-1].removeprefix("reproduce   aprt replay ")
    assert again != known
    assert aprt("replay", again).exit_code == 1
    alone = head(known, "--as", "lockdep")
    assert (alone[2], alone[6]) == (title, "WARNING: CPU: 0 PID: 21 at mdev_of+0x1/0x1")


def test_data_that_no_other_access_meets_is_a_warning_and_no_race() -> None:
    known = token("2026/gain-adapter+B26=out", "P22")
    assert head(known)[2] == "WARNING in vfio_ap_mdev_cfg_add"
    refused = aprt("explain", known, "--as", "kcsan")
    assert (refused.exit_code, refused.stderr) == (
        2,
        "aprt: --as kcsan does not fit: P22 is told as lockdep, columns, story or table\n",
    )


def test_json_is_a_shape_as_any_other() -> None:
    known = "aprt2:toy/abba:rgFjmI097Uqg"
    runner = CliRunner()
    shape, form = (runner.invoke(root, ("explain", known, *more), obj=lambda: ERAS).stdout for more in JSON)
    assert shape == form
    assert json.loads(shape)["schema"] == "aprt.trace/1"


JSON = (("--as", "json"), ("--format", "json"))


def test_brief_columns_leave_out_what_a_context_does_in_between() -> None:
    known = token("2026/probe-while-read+B22=out", "P9")
    long, brief = head(known, "--as", "columns"), head(known, "--brief")
    assert len(brief) < len(long)
    assert {line.strip() for line in brief} < {line.strip() for line in long}
    refused = aprt("explain", known, "--as", "story", "--brief")
    assert (refused.exit_code, refused.stderr) == (
        2,
        "aprt: --brief is for columns, not for --as story (try 'aprt explain --help')\n",
    )


@pytest.mark.parametrize("shape", ["kasan", "kcsan", "hungtask", "leak", "refcount"])
def test_a_report_that_does_not_fit_is_refused(shape: str) -> None:
    refused = aprt("explain", token("5.13/pv-switch+B2=out", "P20"), "--as", shape)
    assert (refused.exit_code, refused.stderr) == (
        2,
        f"aprt: --as {shape} does not fit: P20 is told as lockdep, columns, story or table\n",
    )
