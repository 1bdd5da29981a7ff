"""`aprt explore --format junit|ktap`, as test tools read it, and `--bisect`, as git does."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import attrs
import pytest
from click.testing import CliRunner, Result

from aprt.cli.bisect import for_git
from aprt.cli.root import root
from aprt.core.errors import ReplayMismatch
from aprt.verdict.ask import ask
from aprt.verdict.case import Case
from aprt.view.junit import junit
from aprt.view.results import Result as Told
from aprt.view.results import Suite
from aprt.view.results_text import ktap
from aprt.view.verdict_json import verdict_object
from aprt.view.verdict_report import unanswered, verdict_suite
from tests.toy import EMBRACE, ERAS


def explore(*args: str) -> Result:
    return CliRunner().invoke(root, ("explore", *args), obj=lambda: ERAS)


def test_ktap_nests_the_properties_of_a_scenario_and_tells_a_finding_before_its_result() -> None:
    result = explore("toy/abba", "toy/tidy", "--property", "all", "--format", "ktap")
    remarks = "\n".join(f"  # {line}".rstrip() for line in EMBRACE.splitlines())
    assert result.exit_code == 1
    assert (
        result.stdout
        == f"""\
KTAP version 1
1..2
  KTAP version 1
  1..1
{remarks}
  not ok 1 T3 no deadly embrace
not ok 1 toy/abba
  KTAP version 1
  1..2
  ok 1 T1 no update is lost
  ok 2 T2 small
ok 2 toy/tidy
"""
    )


def test_junit_has_a_suite_for_the_scenario_with_the_finding_as_its_failure() -> None:
    result = explore("toy/abba", "--format", "junit")
    assert result.exit_code == 1
    assert (
        re.sub(r'time="\d+\.\d{3}"', 'time="T"', result.stdout)
        == f"""\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="aprt" tests="1" failures="1" errors="0" skipped="0" time="T">
  <testsuite name="toy/abba" tests="1" failures="1" errors="0" skipped="0" time="T">
    <testcase classname="toy/abba" name="T3 no deadly embrace">
      <failure message="each waits for the other">
{EMBRACE.rstrip()}
</failure>
    </testcase>
    <system-out>aprt: VIOLATED property=T3 scenario=toy/abba era=toy with=- complete=no strategy=states traces=- \
states=5 steps=4 token=aprt2:toy/abba:rgFjmI097Uqg</system-out>
  </testsuite>
</testsuites>
"""
    )


def test_what_a_search_had_no_need_to_decide_is_skipped() -> None:
    assert explore("toy/lost-update", "--property", "all", "--format", "ktap").stdout.splitlines()[-2:] == [
        "  ok 2 T2 small # SKIP not decided: stopped at the first violation",
        "not ok 1 toy/lost-update",
    ]


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("toy/large", "--max-states", "100"), "stopped at --max-states"),
        (("toy/large", "--strategy", "random", "--runs", "3"), "all runs done"),
    ],
)
def test_what_a_search_left_open_is_an_error_and_no_pass(args: tuple[str, ...], why: str) -> None:
    result = explore(*args, "--format", "ktap")
    assert result.exit_code == 3
    assert result.stdout.splitlines()[-2:] == [
        f"  not ok 1 T5 nothing happens # ERROR not decided: {why}",
        "not ok 1 toy/large",
    ]
    suite = ElementTree.fromstring(explore(*args, "--format", "junit").stdout).find("testsuite")
    assert suite is not None
    assert [suite.get(word) for word in ("tests", "failures", "errors", "skipped")] == ["1", "0", "1", "0"]
    assert [error.attrib for error in suite.iter("error")] == [{"message": f"not decided: {why}"}]


def test_two_processes_report_in_the_order_of_the_scenarios() -> None:
    args = ("toy/lost-update", "toy/tidy", "toy/doors", "--format", "ktap")
    assert explore(*args).stdout == CliRunner().invoke(root, ("explore", *args, "--jobs", "2"), obj=_toys).stdout


def _toys() -> object:
    return ERAS


def test_a_property_that_was_never_exercised_passes_with_a_remark() -> None:
    verdict = ask(Case.parse("toy/tidy", ERAS))
    verdict = attrs.evolve(verdict, exploration=attrs.evolve(verdict.exploration, unexercised=("T1",)))
    assert ktap(verdict_suite(verdict_object(verdict)).results) == (
        "KTAP version 1\n1..1\n"
        "# HOLDS, but T1 was never exercised: no step that it is about is possible here\n"
        "ok 1 T1 no update is lost"
    )


def test_a_scenario_without_an_answer_fails() -> None:
    assert ktap([unanswered("toy/tidy")]).splitlines()[-2:] == [
        "  not ok 1 verdict # ERROR not answered: interrupted",
        "not ok 1 toy/tidy",
    ]


def test_text_that_the_formats_cannot_carry_is_changed() -> None:
    odd = Told("P1 a # b\nc", "failed", "<&\x1b>", ("x\x00y",))
    assert ktap([odd]).splitlines()[-1] == "not ok 1 P1 a b c"
    (failure,) = ElementTree.fromstring(junit([Suite("s", (odd,))])).iter("failure")
    assert (failure.get("message"), failure.text) == ("<&?>", "\nx?y\n")


def test_a_matrix_has_no_tests_to_report() -> None:
    result = explore("toy/abba", "--measures-matrix", "--format", "junit")
    assert (result.exit_code, result.stderr) == (
        2,
        "aprt: --measures-matrix and --format junit cannot be combined (try 'aprt explore --help')\n",
    )


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("toy/tidy",), 0),
        (("toy/abba",), 1),
        (("toy/abbba",), 125),
        (("toy/tidy", "--no-such-option"), 125),
        (("toy/tidy", "--budget", "soon"), 125),
        (("toy/large", "--max-states", "100"), 125),
        (("toy/tidy", "toy/large", "--max-states", "100"), 125),
        (("toy/tidy", "toy/abba"), 1),
    ],
)
def test_bisect_skips_whatever_is_neither_a_pass_nor_a_violation(args: tuple[str, ...], code: int) -> None:
    told, plain = explore(*args, "--bisect"), explore(*args)
    assert told.exit_code == code
    assert (told.stdout == "") == (plain.stdout == "")
    assert told.stderr.splitlines()[-1:] == plain.stderr.splitlines()[-1:] or plain.exit_code != 2


def test_a_bisection_ends_when_it_is_interrupted() -> None:
    assert [for_git(code, ("explore", "--bisect")) for code in (0, 1, 2, 3, 4, 70, 130, None)] == [
        *(0, 1, 125, 125, 125, 125, 130),
        None,
    ]
    assert for_git(3, ("explore",)) == 3


def test_bisect_skips_a_finding_that_does_not_repeat_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def differs(*_: object) -> None:
        raise ReplayMismatch(1, "left A.lock", ("right B.lock",))

    monkeypatch.setattr("aprt.verdict.confirm.confirm", differs)
    assert explore("toy/abba").exit_code == 4
    result = explore("toy/abba", "--bisect")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (
        125,
        "aprt: replay diverged at step 1: expected left A.lock; enabled: right B.lock",
    )
