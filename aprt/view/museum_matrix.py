"""The era matrix: which era has which bug, as a table with its notes, and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from aprt.core.question import Row
from aprt.verdict.era_matrix import Cell, Entered
from aprt.view.json_text import dump
from aprt.view.lists import spans, table, wrapped
from aprt.view.museum_check import seen_object
from aprt.view.version import aprt_version

MATRIX_SCHEMA = "aprt.museum-matrix/1"

_SIGNS: Mapping[Cell, str] = MappingProxyType({"has it": "BUG", "has it not": "-", "open": "?"})


def matrix_text(rows: Sequence[Row], eras: Sequence[str], cells: Sequence[Entered]) -> str:
    """The table, with a row per bug and a column per era; its notes; and the line for grep."""
    legend = (
        "BUG: found   -: not there, in a complete search   ?: open\n"
        "1, 2...: not asked, for the reason below\n"
        "!: found although the era has the fix, or not found although it lacks it"
    )
    parts = (matrix_table(rows, eras, cells), legend, *matrix_notes(rows, eras), _summary(rows, eras, cells))
    return "\n\n".join(parts)


def matrix_table(rows: Sequence[Row], eras: Sequence[str], cells: Sequence[Entered]) -> str:
    """The table alone, which fits a terminal."""
    shown = ((row.name, *signs) for row, signs in signed(rows, eras, cells))
    return table([("", *eras), *shown], width=None, between=" ")


def signed(rows: Sequence[Row], eras: Sequence[str], cells: Sequence[Entered]) -> Iterator[tuple[Row, tuple[str, ...]]]:
    """Each row with the signs in its cells; an empty one where a search is missing."""
    entered = {(one.name, one.era): _SIGNS[one.cell] + "!" * one.surprising for one in cells}
    numbers = {text: str(number) for number, text in enumerate(reasons(rows), 1)}
    for row in rows:
        yield row, tuple(entered.get((row.name, era), numbers.get(row.unasked.get(era, ""), "")) for era in eras)


def reasons(rows: Sequence[Row]) -> list[str]:
    """The reasons why cells are not asked about, in the order of their numbers in the table."""
    return list(dict.fromkeys(text for row in rows for text in row.unasked.values()))


def explanations(rows: Sequence[Row], eras: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Groups of cells (`H1, H7 in 5.3 to 6.3`), each with why the answer is what it is there."""
    said: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for row in rows:
        for text in dict.fromkeys(row.explained.values()):
            where = tuple(era for era in eras if row.explained.get(era) == text)
            said.setdefault((where, text), []).append(row.name)
    for (where, text), names in said.items():
        yield f"{', '.join(names)} in {spans(where, eras)}", text


def matrix_notes(rows: Sequence[Row], eras: Sequence[str]) -> Iterator[str]:
    """The notes below the table, as paragraphs."""
    numbered = enumerate(reasons(rows), 1)
    notes = [wrapped(f"{number}: {text}", "    ") for number, text in numbered]
    said = [wrapped(f"{where}: {text}", "    ") for where, text in explanations(rows, eras)]
    yield from ("\n".join(lines) for lines in (notes, said) if lines)


def _summary(rows: Sequence[Row], eras: Sequence[str], cells: Sequence[Entered]) -> str:
    bugs = sum(one.cell == "has it" for one in cells)
    opens = sum(one.cell == "open" for one in cells)
    surprises = sum(one.surprising for one in cells)
    told = f"cells={len(cells)} bugs={bugs} open={opens} surprising={surprises}"
    return f"aprt: ERAS rows={len(rows)} eras={len(eras)} {told}"


def matrix_json(rows: Sequence[Row], eras: Sequence[str], cells: Sequence[Entered]) -> str:
    """One object, `aprt.museum-matrix/1`. `why`: why a cell is not asked about, or why the answer is what it is."""
    entered = {(one.name, one.era): one for one in cells}
    return dump(
        {
            "schema": MATRIX_SCHEMA,
            "eras": list(eras),
            "rows": [{"id": row.name, "eras": dict(_told(row, eras, entered))} for row in rows],
            "version": aprt_version(),
        }
    )


def _told(
    row: Row, eras: Sequence[str], entered: Mapping[tuple[str, str], Entered]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for era in eras:
        one = entered.get((row.name, era))
        if one is not None:
            why = row.explained.get(era)
            told = {"cell": one.cell, "fixed": one.fixed, "surprising": one.surprising, "why": why}
            yield era, {**told, **seen_object(one.seen)}
        elif era in row.unasked:
            yield era, {"cell": "not asked", "why": row.unasked[era]}
