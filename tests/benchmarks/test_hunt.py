"""The section about bugs that are hunted by strategies which do not know them."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from benchmarks.__main__ import BLOCKS, PAGE, main
from benchmarks.hunt import TITLE, section
from benchmarks.report import as_text


def test_a_strategy_that_no_schedule_helps_finds_nothing_and_the_search_over_states_does() -> None:
    lines: list[str] = []
    found = section(lines.append, 2, ("B10",))
    assert lines == ["aprt museum hunt B10 --blind 2s --jobs 2"]
    assert [row[:2] for row in found.rows] == [
        *((strategy, "0") for strategy in ("random", "urw", "pos", "pct:2", "pct:3", "delay:2", "dpor")),
        ("states", "1"),
    ]
    assert found.remarks[0] == "`aprt museum hunt B10 --blind 2s --jobs 2`: 1 of 1 bugs are found."
    assert (found.rows[0][2], TITLE in as_text([found]), "## Targets" in as_text([found])) == ("", True, False)


@pytest.mark.parametrize("block", BLOCKS)
def test_the_page_has_a_place_for_every_block(block: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page.index(f"<!-- begin {block} -->") < page.index(f"<!-- end {block} -->")


def test_a_part_of_a_block_is_not_written() -> None:
    refused = CliRunner().invoke(main, ["race", "--write"])
    assert refused.exit_code == 2
    assert "--write takes all of states, executions, jobs, race, or all of hunt" in refused.output
