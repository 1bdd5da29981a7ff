import json
import re

import attrs
import pytest

from aprt.cli import known_eras
from aprt.core.amount import count
from aprt.core.notes import Hold
from aprt.detect.kinds import KINDS
from aprt.explore.result import Bounds
from aprt.kernel.mutex import MutexState
from aprt.verdict.ask import ask
from aprt.verdict.case import Case
from aprt.verdict.measures import measures_matrix
from aprt.verdict.search import Search
from aprt.verdict.verdict import Verdict
from aprt.view.matrix_json import matrix_json
from aprt.view.matrix_text import matrix_text
from aprt.view.paint import Paint
from aprt.view.verdict_json import verdict_json, verdict_object
from aprt.view.verdict_text import verdict_line, verdict_text
from aprt.view.words import word
from tests.toy import EMBRACE, ERAS

PLAIN = Paint()


def case(text: str) -> Case:
    return Case.parse(text, ERAS)


def asked(text: str, search: Search = Search()) -> Verdict:  # noqa: B008
    """The verdict, as if the search had taken 20 s."""
    verdict = ask(case(text), (), search)
    return attrs.evolve(verdict, exploration=attrs.evolve(verdict.exploration, seconds=20.0))


def test_a_violation_as_text() -> None:
    assert (
        verdict_text(asked("toy/abba"), PLAIN)
        == f"""\
toy/abba  two locks in two orders

{EMBRACE}
covered     5 states, 4 steps, depth 2, 20.0 s (0 states/s); stopped at the
            first violation
switches    none
scope       two threads
assumed     none
not in it   weak memory, real time
picked      states, since it ended after few states

aprt: VIOLATED property=T3 scenario=toy/abba era=toy with=- complete=no strategy=states traces=- states=5 steps=4 \
token=aprt2:toy/abba:rgFjmI097Uqg"""
    )


def test_findings_of_one_property_stand_under_one_title_with_their_number() -> None:
    verdict = asked("toy/lost-update+threads=4", Search("states", stop_on="all"))
    text = verdict_text(verdict, PLAIN)
    (shown,) = verdict.shown
    assert text.count("VIOLATED T1: no update is lost (3 findings)\n") == 1
    assert text.count("reproduce ") == 1
    also = [line for line in text.splitlines() if line.startswith("  also: ")]
    assert also == [f"  also: counter is {n}" for n in (1, 2, 3) if f"counter is {n}" != shown.finding.text]
    assert json.loads(verdict_json(verdict))["findings"][0]["also"] == [line.removeprefix("  also: ") for line in also]


def test_what_holds_as_text() -> None:
    assert (
        re.sub(r"(?m)^(model +)[0-9a-f]{16}; aprt \S+$", r"\1MODEL", verdict_text(asked("toy/tidy+threads=3"), PLAIN))
        == """\
toy/tidy+threads=3  like lost-update, but locked

HOLDS  everything within the scope below was covered
  T1 no update is lost

covered     44 states, 48 steps, depth 12, 20.0 s (2 states/s); complete
switches    locked, threads=3
scope       3 threads, one update each
assumed     memory=sc
not in it   weak memory, real time
exercised   3 of 3 contexts, 4 of 6 messages; 4 branches never entered, 2
            of procedures (--certificate lists them)
not met     Counter.add: no step here handles it, so what it does is not
            judged (another setting may lead there: aprt scenario show
            toy/tidy)
model       MODEL
picked      states, since it ended after few states

aprt: HOLDS property=T1 scenario=toy/tidy era=toy with=locked,threads=3 complete=yes strategy=states traces=- \
states=44 steps=48 unexercised=1 token=-"""
    )


def test_random_runs_without_a_finding_say_how_much_may_be_left() -> None:
    verdict = asked("toy/tidy", Search(strategy="random", runs=30))
    text = verdict_text(verdict, PLAIN)
    assert "NOT FOUND  no run broke it, which does not mean that none can" in text
    assert "  chance that one more run shows a new trace: 0.0%, at most 84.7% (95 %)\n" in text
    assert "  2 traces seen, of about 2 or more\n" in text
    assert verdict_line(verdict_object(verdict)).startswith("aprt: NOT FOUND property=T1 ")
    assert " traces=2 " in verdict_line(verdict_object(verdict))


@pytest.mark.parametrize(("seed", "run", "traces", "states"), [(4, 1, 0, 5), (1, 5, 2, 11)])
def test_a_random_search_says_which_run_broke_it_and_counts_the_traces_before(
    seed: int, run: int, traces: int, states: int
) -> None:
    verdict = asked("toy/lost-update", Search(strategy="random", seed=seed))
    text = verdict_text(verdict, Paint())
    answer = json.loads(verdict_json(verdict))
    assert (answer["executions"], answer["traces"]) == (run - 1, traces)
    assert answer["open"] == f"stopped at the first violation, in run {run}"
    assert f" strategy=random traces={traces} states={states} " in text.splitlines()[-1]


def test_runs_that_were_cut_off_are_told_and_promise_nothing() -> None:
    verdict = asked("toy/tidy", Search("pct:2", Bounds(max_depth=3), runs=30))
    text = verdict_text(verdict, PLAIN)
    assert "covered     30 runs, 30 of them cut off, " in text
    assert "\n  what these runs would have shown for sure is not known, as some were cut\n  off\n" in text
    assert "--max-depth bounds them" not in text
    drawn = json.loads(verdict_json(verdict))["drawn"]
    assert (drawn["cut"], drawn["guarantee"]) == (30, None)


def test_of_runs_that_go_round_for_ever_it_is_told_what_bounds_them() -> None:
    text = verdict_text(ask(Case.parse("v4/h8", known_eras()), (), Search("delay:1", runs=1)), PLAIN)
    assert "\n  runs that go round for ever are cut after 10,000 steps; --max-depth\n  bounds them\n" in text


def test_what_a_strategy_promises_and_who_drew_is_told() -> None:
    promised = verdict_text(asked("toy/tidy", Search("pct:2", runs=30)), PLAIN)
    assert "  a violation of depth 2 shows in a run with a chance of 0.062 or more,\n" in promised
    assert "  so 72 runs would have shown it with 99 %\n" in promised
    drawn = asked("toy/tidy", Search("portfolio", runs=30))
    turns = dict(drawn.exploration.turns)
    assert f"  runs by random {turns['random']}, urw {turns['urw']}, pos " in verdict_text(drawn, PLAIN)
    data = json.loads(verdict_json(drawn))["drawn"]
    assert data["turns"] == turns
    assert (data["unseen"], data["guarantee"]) == (drawn.exploration.unseen, None)
    bound = json.loads(verdict_json(asked("toy/tidy", Search("pct:2", runs=30))))["drawn"]["guarantee"]
    assert bound == {"depth": 2, "chance": 0.0625, "runs": 72}


@pytest.mark.parametrize(
    ("text", "search", "colour"),
    [("toy/abba", Search(), "1;31"), ("toy/tidy", Search(), "1;32"), ("toy/tidy", Search("random", runs=1), "1;33")],
)
def test_colour_changes_nothing_but_colour(text: str, search: Search, colour: str) -> None:
    verdict = asked(text, search)
    painted = verdict_text(verdict, Paint(True))
    assert f"\x1b[{colour}m" in painted
    assert re.sub(r"\x1b\[[\d;]*m", "", painted) == verdict_text(verdict, PLAIN)


def test_json_has_the_keys_of_the_contract_and_no_others() -> None:
    data = json.loads(verdict_json(ask(case("toy/lost-update+threads=3"))))
    assert data.pop("seconds") >= 0
    assert isinstance(data.pop("version"), str)
    assert re.fullmatch(r"[0-9a-f]{16}", data["certificate"].pop("model"))
    assert data == {
        "schema": "aprt.verdict/1",
        "verdict": "VIOLATED",
        "scenario": "toy/lost-update+threads=3",
        "era": "toy",
        "switches": ["threads=3"],
        "without": [],
        "properties": ["T1"],
        "titles": {"T1": "no update is lost"},
        "unexercised": None,
        "left_out": [],
        "complete": False,
        "open": "stopped at the first violation",
        "scope": [
            "3 threads, one update each",
            "not modelled: weak memory, real time",
        ],
        "strategy": "states",
        "picked": "it ended after few states",
        "apart": [],
        "executions": 0,
        "traces": None,
        "redundant": None,
        "sleep_blocked": None,
        "states": data["states"],
        "transitions": data["transitions"],
        "depth": 6,
        "deadlocks": 0,
        "seed": None,
        "drawn": None,
        "token": data["findings"][0]["token"],
        "findings": [
            {
                "property": "T1",
                "title": "no update is lost",
                "text": "counter is 2",
                "told": data["findings"][0]["told"],
                "also": [],
                "token": data["token"],
                "size": "shortest",
                "schedule": data["findings"][0]["schedule"],
                "loop": 0,
                "realised": None,
                "parts": [],
            }
        ],
        "assumptions": {"memory": "sc"},
        "needed": [],
        "certificate": {
            "loop": "plain",
            "stopped": "violation",
            "unasked": [],
            "step": "one message handled, or one choice made, is one step",
            "checked": ["T1"],
            "unchecked": ["T2"],
            "detectors": {kind: [] for kind in KINDS},
            "unexercised": None,
            "exercised": None,
        },
    }
    assert len(data["findings"][0]["schedule"]) == 6
    assert data["findings"][0]["told"][:2] == ["VIOLATED T1: no update is lost", "  counter is 2"]


def test_the_matrix_as_text_and_json() -> None:
    matrix = measures_matrix(case("toy/lost-update"), ("all",))
    text = re.sub(r"\d+\.\d s", "T s", matrix_text(matrix, PLAIN))
    assert (
        text
        == """\
toy/lost-update  two threads add one

smallest sets of measures with which a property holds (4 of 4 sets searched)
  T1  locked
  or  atomic
  T2  none is needed

36 states in T s

aprt: MATRIX scenario=toy/lost-update subsets=4 complete=yes states=36"""
    )
    data = json.loads(matrix_json(matrix))
    assert data["minimal"] == {"T1": [["locked"], ["atomic"]], "T2": [[]]}
    assert data["subsets"][0] == {"with": [], "complete": True, "unasked": [], "states": 12, "violated": ["T1"]}


def test_a_matrix_that_is_not_complete_says_what_its_smallest_sets_need_not_be() -> None:
    def interrupt(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    partial = measures_matrix(case("toy/lost-update"), report=interrupt)
    assert matrix_text(partial, PLAIN).splitlines()[2:5] == [
        "smallest sets of measures with which a property holds (2 of 4 sets searched)",
        "interrupted: there may be others among the sets that were not searched",
        "  T1  locked",
    ]
    bounded = measures_matrix(case("toy/lost-update"), bounds=Bounds(max_states=12))
    assert matrix_text(bounded, PLAIN).splitlines()[2:5] == [
        "smallest sets of measures with which a property holds (4 of 4 sets searched)",
        "open for 1 set, which may do as well: stopped at --max-states",
        "  T1  atomic",
    ]


def test_the_matrix_names_what_no_set_puts_to_the_test() -> None:
    matrix = measures_matrix(case("toy/lost-update"), ("all",))
    asleep = {s: attrs.evolve(e, unexercised=("T2",)) for s, e in matrix.explored.items()}
    vacuous = attrs.evolve(matrix, explored=asleep)
    assert "\n  T2  never exercised: no step that it is about is possible here\n" in matrix_text(vacuous, PLAIN)
    assert json.loads(matrix_json(vacuous))["unexercised"] == ["T2"]
    assert json.loads(matrix_json(matrix))["unexercised"] == []
    once = attrs.evolve(matrix, explored={**asleep, frozenset(): matrix.explored[frozenset()]})
    assert once.exercised("T2")


def test_values_print_as_they_ask_to_or_without_their_defaults() -> None:
    values = [MutexState(), MutexState("a"), Hold("m", "read"), (1, None), frozenset({2, 1}), {"k": (True,)}, 7]
    assert [word(value) for value in values] == [
        "MutexState()",
        "MutexState(owner=a)",
        "Hold(lock=m, mode=read)",
        "(1, None)",
        "{1, 2}",
        "{k: (True)}",
        "7",
    ]


def test_counts_agree_with_their_noun() -> None:
    assert [count(1, "state"), count(1832, "state"), count(2, "switch", "switches")] == [
        "1 state",
        "1,832 states",
        "2 switches",
    ]


def test_what_turned_out_to_be_told_apart_is_said() -> None:
    verdict = ask(case("toy/tidy"), ("all",))
    reasons = ("if a and b change places, c does a.lock, and something else then", "if d and e change places, no")
    told = attrs.evolve(verdict, exploration=attrs.evolve(verdict.exploration, apart=reasons))
    assert f"told apart  {reasons[0][:57]}" in verdict_text(told, PLAIN)
    assert json.loads(verdict_json(told))["apart"] == list(reasons)
    assert "told apart" not in verdict_text(verdict, PLAIN)


def vacuous(*ids: str) -> Verdict:
    """What holds, as if no step were about these properties."""
    verdict = ask(case("toy/tidy"), ("all",))
    return attrs.evolve(verdict, exploration=attrs.evolve(verdict.exploration, unexercised=ids))


@pytest.mark.parametrize(
    ("ids", "line"),
    [
        (("T1",), "HOLDS, but T1 was never exercised: no step that it is about is possible\nhere\n"),
        (("T1", "T2"), "HOLDS, but T1, T2 were never exercised: no step that they are about is\npossible here\n"),
    ],
)
def test_what_holds_without_having_been_put_to_the_test_is_said(ids: tuple[str, ...], line: str) -> None:
    verdict = vacuous(*ids)
    assert verdict.word == "HOLDS"
    assert f"\n{line}" in verdict_text(verdict, PLAIN)
    assert json.loads(verdict_json(verdict))["unexercised"] == list(ids)


def test_what_was_put_to_the_test_needs_no_such_line() -> None:
    verdict = ask(case("toy/tidy"), ("all",))
    assert "T1 was never exercised" not in verdict_text(verdict, PLAIN)
    assert json.loads(verdict_json(verdict))["unexercised"] == []
    assert json.loads(verdict_json(asked("toy/abba")))["unexercised"] is None
