"""KTAP and the XML of JUnit, read again by programs that know nothing of what wrote them."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from aprt.cli import known_eras
from aprt.cli.root import root
from aprt.view.junit import junit
from aprt.view.results import Result, Suite
from aprt.view.results_text import ktap
from tests.ktap import Line, read
from tests.toy import ERAS

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
RESULTS = st.builds(
    Result, TEXT, st.sampled_from(["ok", "failed", "error", "skipped"]), TEXT, st.lists(TEXT, max_size=3).map(tuple)
)
SUITES = st.lists(st.builds(Suite, TEXT, st.lists(RESULTS, min_size=1, max_size=4).map(tuple)), min_size=1, max_size=3)


def one_line(text: str) -> str:
    return " ".join(text.replace("#", " ").split())


def name(text: str) -> str:
    """Less the dashes that a reader takes for the separator before it."""
    words = one_line(text).split()
    while len(words) > 1 and words[0] == "-":
        del words[0]
    return " ".join(words)


@given(SUITES)
@example([Suite("- - 0", (Result("- 0", "ok"), Result("-", "ok")))])
def test_any_results_can_be_read_again_from_ktap(suites: list[Suite]) -> None:
    for suite, told in zip(suites, read(ktap(suites)), strict=True):
        assert (told.ok, told.name) == (suite.standing == "ok", name(suite.name))
        for result, test in zip(suite.results, told.inner, strict=True):
            directive = {"skipped": "SKIP", "error": "ERROR"}.get(result.standing)
            assert (test.ok, test.name) == (result.standing in ("ok", "skipped"), name(result.name))
            assert (test.directive, test.message or "") == (directive, one_line(result.message) if directive else "")


@given(SUITES)
def test_any_results_can_be_read_again_from_junit(suites: list[Suite]) -> None:
    document = ElementTree.fromstring(junit(suites).encode())
    assert document.tag == "testsuites"
    assert [element.tag for element in document] == ["testsuite"] * len(suites)
    for element, suite in zip(document, suites, strict=True):
        cases = element.findall("testcase")
        assert [case.get("classname") for case in cases] == [element.get("name")] * len(suite.results)
        standings = [case[0].tag if len(case) else "ok" for case in cases]
        assert standings == [{"failed": "failure"}.get(r.standing, r.standing) for r in suite.results]
        assert int(element.get("tests", "")) == len(cases)
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(element.get(attribute, "")) == standings.count(tag)
        assert float(element.get("time", "")) >= 0


@pytest.mark.parametrize("command", ["toy/abba toy/tidy --property all", "toy/lost-update --property all", "toy/large"])
def test_what_explore_prints_is_ktap_and_junit(command: str) -> None:
    words = ("explore", *command.split(), "--max-states", "2000", "--format")
    runner = CliRunner()
    tests = read(runner.invoke(root, (*words, "ktap"), obj=lambda: ERAS).stdout)
    document = ElementTree.fromstring(runner.invoke(root, (*words, "junit"), obj=lambda: ERAS).stdout)
    assert [test.name for test in tests] == [suite.get("name") for suite in document]
    for test, suite in zip(tests, document, strict=True):
        assert [inner.name for inner in test.inner] == [case.get("name") for case in suite.findall("testcase")]
        assert test.ok == (suite.get("failures") == suite.get("errors") == "0")


def test_what_a_check_of_the_museum_prints_is_ktap_and_junit() -> None:
    words = ("museum", "check", "B22", "B24", "B16", "--format")
    runner = CliRunner()
    told, document = (runner.invoke(root, (*words, form), obj=known_eras) for form in ("ktap", "junit"))
    assert told.exit_code == document.exit_code == 0
    tests = read(told.stdout)
    assert [(test.ok, test.directive) for test in tests] == [(True, None), (True, "SKIP"), (True, None)]
    assert all(test.remarks for test in tests)
    (suite,) = ElementTree.fromstring(document.stdout)
    assert [case.get("name") for case in suite.findall("testcase")] == [test.name for test in tests]
    assert (suite.get("name"), suite.get("tests"), suite.get("skipped")) == ("museum", "3", "1")


@pytest.mark.parametrize(
    "wrong",
    [
        "KTAP version 1\n1..2\nok 1 a",
        "KTAP version 1\n1..1\nok 2 a",
        "KTAP version 1\n1..1\nok 1 a # NONSENSE",
        "KTAP version 1\n1..1\n  KTAP version 1\n  1..1\n  not ok 1 a\nok 1 b",
        "KTAP version 1\n1..1\n KTAP version 1\n 1..1\n ok 1 a\nok 1 b",
        "KTAP version 1\n1..1\nok 1 a\nok 2 b",
        "1..1\nok 1 a",
    ],
)
def test_the_reader_refuses_what_is_no_ktap(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read(wrong)


def test_the_reader_knows_remarks_directives_and_names_with_dashes() -> None:
    text = "KTAP version 1\n1..2\n# one\n#\nok 1 - a b # SKIP why not\nnot ok 2 c # TIMEOUT"
    assert read(text) == (Line(True, "a b", "SKIP", "why not", ("one", "")), Line(False, "c", "TIMEOUT"))
