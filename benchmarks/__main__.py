"""`python -m benchmarks`: measure, and print the tables and what of the targets was reached."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import click

from benchmarks import executions, hunt, jobs, race, states
from benchmarks.process import ToolError
from benchmarks.report import Section, as_json, as_text
from docs.generate import with_block

PAGE: Final = Path(__file__).parent.parent / "docs" / "reference" / "benchmarks.md"
BLOCKS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"benchmarks": ("states", "executions", "jobs", "race"), "hunt": ("hunt",)}
)
"""What of the page is written together: the sections of each block."""
SECTIONS: Final = tuple(name for names in BLOCKS.values() for name in names)


@click.command()
@click.argument("sections", nargs=-1, type=click.Choice(SECTIONS))
@click.option("--repeat", type=click.IntRange(min=1), default=3, show_default=True, help="How often all is measured.")
@click.option("--max-states", type=click.IntRange(min=1), help="Leave out models with more states.")
@click.option("--runs", type=click.IntRange(min=1), default=10_000, show_default=True, help="On plain trio.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--write", is_flag=True, help=f"Put the tables into docs/reference/{PAGE.name}, too.")
def main(sections: tuple[str, ...], repeat: int, max_states: int | None, runs: int, form: str, write: bool) -> None:
    """Measure aprt beside other tools on the same problems: all SECTIONS, or those that are named."""
    asked = sections or SECTIONS
    blocks = [block for block, names in BLOCKS.items() if set(names) <= set(asked)]
    if write and not blocks:
        raise click.UsageError(f"--write takes all of {', or all of '.join(', '.join(n) for n in BLOCKS.values())}")
    measures: Mapping[str, Callable[[], Section]] = {
        "states": lambda: states.section(repeat, max_states or sys.maxsize, _tell),
        "executions": lambda: executions.section(repeat, _tell),
        "jobs": lambda: jobs.section(repeat, _tell),
        "race": lambda: race.section(repeat, runs, _tell),
        "hunt": lambda: hunt.section(_tell),
    }
    try:
        measured = {name: measures[name]() for name in asked}
    except ToolError as error:
        raise click.ClickException(str(error)) from error
    click.echo(as_json(measured.values()) if form == "json" else as_text(measured.values()))
    for block in blocks if write else ():
        page = with_block(PAGE.read_text(encoding="utf-8"), block, as_text(measured[name] for name in BLOCKS[block]))
        PAGE.write_text(page, encoding="utf-8")


def _tell(line: str) -> None:
    click.echo(line, err=True)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
