"""How contenders are run and compared."""

from __future__ import annotations

import os
import sys

import pytest
from click.testing import CliRunner

from benchmarks import spin, subject, tlc
from benchmarks.__main__ import main
from benchmarks.catalogue import MODELS, SMALL, Model
from benchmarks.contest import Contender, Row, measure
from benchmarks.measured import Measured
from benchmarks.process import ToolError, output
from benchmarks.states import not_counted, targets

DINING = SMALL[0]
with_spin = pytest.mark.skipif(spin.missing() is not None, reason=str(spin.missing()))


def told(states: int = 35, *, engine: float | None = 1.0, wall: float = 2.0, deadlocks: int | None = 1) -> Measured:
    return Measured(states=states, transitions=75, wall=wall, engine=engine, deadlocks=deadlocks)


def contender(name: str, *runs: Measured, against: str | None = None, reduces: bool = False) -> Contender:
    """It shows these runs, one after the other."""
    left = iter(runs)
    return Contender(name, lambda model: next(left), lambda model: True, against, reduces)


def test_contenders_take_turns() -> None:
    lines: list[str] = []
    pair = [contender("a", told(), told()), contender("b", told(), told())]
    measure([DINING], pair, 2, lines.append)
    assert lines == ["dining 3: a, 1 of 2", "dining 3: b, 1 of 2", "dining 3: a, 2 of 2", "dining 3: b, 2 of 2"]


def test_a_contender_is_left_out_where_it_does_not_cover() -> None:
    nowhere = Contender("b", lambda model: told(), lambda model: False)
    assert [row.contender.name for row in measure([DINING], [contender("a", told()), nowhere], 1, print)] == ["a"]


def test_ratios_compare_the_best_of_each() -> None:
    ours = contender("ours", told(engine=0.5, wall=1.0), told(engine=0.25, wall=3.0), against="theirs")
    theirs, row = measure([DINING], [contender("theirs", told(wall=9.0), told(wall=2.0)), ours], 2, print)
    assert (row.engine, row.median_engine, row.wall, row.median_wall) == (0.25, 0.375, 1.0, 2.0)
    assert (row.engine_ratio, row.short_ratio, row.wall_ratio) == (4.0, None, 2.0)
    assert (theirs.engine_ratio, theirs.wall_ratio) == (None, None)


@pytest.mark.parametrize("engine", [0.049, None])
def test_no_engine_ratio_is_given_where_the_other_search_was_too_short_or_untold(engine: float | None) -> None:
    _, row = measure([DINING], [contender("a", told(engine=engine)), contender("b", told(), against="a")], 1, print)
    assert (row.engine_ratio, row.short_ratio, row.wall_ratio) == (None, engine, 1.0)


def test_counts_that_differ_from_the_catalogue_end_the_measurement() -> None:
    with pytest.raises(ToolError, match=r"^wrong finds 34 states of dining 3, not 35$"):
        measure([DINING], [contender("wrong", told(34))], 1, print)
    with pytest.raises(ToolError, match=r"^wrong finds 0 deadlocks of dining 3, not 1$"):
        measure([DINING], [contender("wrong", told(34, deadlocks=0), reduces=True)], 1, print)


def test_a_target_is_met_when_every_model_meets_it() -> None:
    def row(name: str, states: int, engine: float, wall: float, against: Row | None) -> Row:
        model = Model("dining", {"N": states}, states, 0, 0)
        return Row(model, contender(name), (told(states, engine=engine, wall=wall),), against)

    small, large = row("Spin", 1_000, 1.0, 2.0, None), row("Spin", 900_000, 1.0, 2.0, None)
    plain = [row("aprt, plain", 1_000, 1.0, 1.0, small), row("aprt, plain", 900_000, 2.5, 9.0, large)]
    huge = row("Spin", 1_000_000, 4.0, 5.0, None)
    compiled = [row("aprt, compiled", 900_000, 1.0, 1.0, large), row("aprt, compiled", 1_000_000, 1.0, 1.0, huge)]
    rows = [small, plain[0], large, plain[1], compiled[0], huge, compiled[1]]
    short = row("Spin", 500, 0.04, 1.0, None)
    rows += [short, row("aprt, plain", 500, 0.1, 0.5, short)]
    assert not_counted(rows) == ("plain loop: states/s, of Spin's, where Spin takes less than 50 ms: dining 500 0.40x",)
    found = {target.wanted: target for target in targets(rows)}
    engine, fast, whole = found["at least 0.5x"], found["at least 3x"], found["at most 0.7x"]
    assert (engine.reached, engine.met) == ("0.4 to 1x", False)
    assert (fast.reached, fast.met) == ("4x", True)  # small models do not count for this one
    assert (whole.reached, whole.met) == ("0.5x", True)  # large models do not count for this one
    assert {target.met for target in targets([])} == {None}


def test_a_fresh_process_searches_as_the_library_does() -> None:
    run = subject.check(DINING, "states")
    assert (run.states, run.transitions, run.deadlocks) == (35, 75, 1)
    assert run.engine is not None
    assert 0 < run.engine < run.wall


def test_a_tool_that_fails_is_quoted() -> None:
    with pytest.raises(ToolError, match=r"exits with 3: no$"):
        output([sys.executable, "-c", "import sys; print('oh'); print('no'); sys.exit(3)"], MODELS)


@with_spin
def test_the_search_of_spin_must_not_be_cut_short() -> None:
    shallow = Model("dining", {"N": 3}, 35, 75, 1, depth=5)
    with pytest.raises(ToolError, match="Spin did not search everything"):
        spin.check(shallow)


@with_spin
def test_the_program_prints_a_row_for_each_tool() -> None:
    result = CliRunner().invoke(main, ["states", "--max-states", "2000", "--repeat", "1"])
    assert result.exit_code == 0
    assert "| dining 6 | Spin        |  1,297 |       5,622 |" in result.stdout
    assert "| dining 6 | aprt, plain |  1,297 |       5,622 |" in result.stdout


def test_without_spin_the_comparison_is_skipped_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    result = CliRunner().invoke(main, ["states", "race", "--repeat", "1", "--runs", "10"])
    assert result.exit_code == 0
    assert "Skipped: spin and gcc not found; on Debian: apt install spin gcc." in result.stdout


def test_without_its_jar_tlc_is_skipped_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TLA2TOOLS", raising=False)
    assert tlc.missing() == "TLA2TOOLS does not name the jar of the TLA+ tools"
    monkeypatch.setenv("TLA2TOOLS", "/nowhere.jar")
    assert tlc.missing() == "TLA2TOOLS names /nowhere.jar, which is no file"


@pytest.mark.skipif(tlc.missing() is not None, reason=str(tlc.missing()))
@pytest.mark.parametrize("model", [model for model in SMALL if model.tla.is_file()], ids=str)
def test_tlc_counts_the_states_of_the_catalogue(model: Model) -> None:
    assert "TLA2TOOLS" in os.environ
    assert tlc.check(model).states == model.states
