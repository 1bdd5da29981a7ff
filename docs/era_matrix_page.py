"""The page that says which era has which bug."""

from __future__ import annotations

from functools import partial

from aprt.core.question import Row
from aprt.explore.result import UNBOUNDED
from aprt.museum.rows import ROWS
from aprt.verdict.case import Case
from aprt.verdict.era_matrix import era_matrix, questions
from aprt.vfio_ap.eras import ERAS
from aprt.view.museum_matrix import explanations, reasons, signed
from docs.markdown import page, table


def era_matrix_page() -> str:
    """Every row in every era. Runs a search for each cell."""
    rows, eras = list(ROWS.values()), list(ERAS)
    cells = list(era_matrix(questions(rows, ERAS), partial(Case.parse, eras=ERAS), UNBOUNDED))
    shown = (
        (_link(row), *(sign.replace("BUG", "**BUG**") for sign in signs)) for row, signs in signed(rows, eras, cells)
    )
    return page(
        "# Which era has which bug",
        "Every bug of [the museum](museum.md), and every one of [the sixteen ways](ways.md) in which the guarantee "
        "of the series fails, asked of every [era](eras.md) as that kernel was: is the property violated in this "
        "situation? `aprt museum matrix` asks again, `aprt museum matrix B14 H9` these two, and with `--format json` "
        "says of each cell which scenario was searched and what was found.",
        "**BUG**: found; -: not there, in a complete search; a number: not asked, for the reason of that number; "
        "!: found although the era has the fix, or not found although it lacks it.",
        table(("", *eras), shown),
        "## Not asked",
        "\n".join(f"{number}. {text}" for number, text in enumerate(reasons(rows), 1)),
        "## Why it is so",
        "Behind `the other answer with` stand switches: with those that the era lacks put in, the answer is the other "
        "one.",
        "\n".join(f"- {where}: {text}" for where, text in explanations(rows, eras)),
    )


def _link(row: Row) -> str:
    where = "ways" if row.name.startswith("H") else "museum"
    return f"[{row.name}]({where}.md#{row.name.lower()})"
