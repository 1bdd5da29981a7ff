"""Complete searches of the same models by aprt, Spin and TLC."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

import attrs

from benchmarks import spin, subject, tlc
from benchmarks.catalogue import MEASURED, Model
from benchmarks.contest import SHORTEST, Contender, Row, measure
from benchmarks.report import Section, Target, at_least, at_most

LARGE: Final = 1_000_000  # states; from here on a search is worth compiling for
MANY: Final = 100_000  # states; with fewer, what a process grows by says little about them
SMALL: Final = 200_000  # states; below this, starting counts as much as searching
PLAIN: Final = "aprt, plain"
REDUCED: Final = "aprt, reduced"
SPIN_REDUCED: Final = "Spin, reduced"
COMPILED: Final = "aprt, compiled"

TITLE: Final = "All states of a model: aprt, Spin, TLC"
HEAD: Final = (
    "model", "search", "states", "transitions", "engine s", "median", "wall s", "median", "states/s", "bytes/state",
    "engine x", "wall x",
)  # fmt: skip
REMARKS: Final = (
    "Seconds: the best of all repetitions, and their median. x: how many times as fast as Spin, by the best. engine: "
    "the search itself, for Spin the process `pan`; no ratio is given where that takes less than "
    f"{1000 * SHORTEST:.0f} ms. wall: from a cold start to the verdict; for aprt a fresh Python that imports the model "
    "and explores it (`python -m benchmarks.search`), for Spin `spin -a`, `gcc -O2` and `pan`.",
    "Spin's hash table and stack are just as large as the model needs. It does not merge statements (`-o3`), so that "
    "all count the same states, which each run checks. Its reduction has to be told which mailboxes have one receiver "
    "(`xr`); `untold` is the same model without that. bytes/state: for aprt what its states take, without its tables; "
    "for Spin what it reports. The time that numba takes to load compiled code does not count for the engine. TLC "
    "counts steps that change nothing as transitions, too.",
)


def section(repeat: int, max_states: int, tell: Callable[[str], None]) -> Section:
    """The comparison, of the models with so many states at most."""
    if spin.missing() is not None:
        return Section(TITLE, HEAD, (), (), (), (f"Skipped: {spin.missing()}.",))
    models = [model for model in MEASURED if model.states <= max_states]
    rows = measure(models, contenders(), repeat, tell)
    records = [
        {"model": str(row.model), "search": row.contender.name, "runs": [attrs.asdict(run) for run in row.runs]}
        for row in rows
    ]
    skipped = () if tlc.missing() is None else (f"TLC was skipped: {tlc.missing()}.",)
    remarks = (*REMARKS, *skipped)
    return Section(TITLE, HEAD, [_cells(row) for row in rows], records, targets(rows), remarks, not_counted(rows))


def contenders() -> list[Contender]:
    """Those that can be run here."""
    found = [
        Contender("Spin", spin.check, lambda model: True),
        Contender(PLAIN, partial(subject.check, strategy="states", loop="plain"), _is_not_large, "Spin"),
        Contender("Spin, reduced, untold", partial(spin.check, reduce=True, told=False), _is_of_actors, reduces=True),
        Contender(SPIN_REDUCED, partial(spin.check, reduce=True), _is_of_actors, reduces=True),
        Contender(REDUCED, partial(subject.check, strategy="reduced"), _is_of_actors, SPIN_REDUCED, reduces=True),
    ]
    if subject.compiles():
        compiled = partial(subject.check, strategy="states", loop="compiled")
        found.insert(2, Contender(COMPILED, compiled, lambda model: model.states >= MANY, "Spin"))
    if tlc.missing() is None:
        found.append(Contender("TLC", tlc.check, lambda model: model.tla.is_file() and _is_not_large(model), "Spin"))
    return found


def _is_not_large(model: Model) -> bool:
    return model.states < LARGE


def _is_of_actors(model: Model) -> bool:
    return model.name == "philosophers"


def targets(rows: Sequence[Row]) -> list[Target]:
    """What is to be reached on every model."""
    plain = [row for row in rows if row.contender.name == PLAIN]
    engine = _known(row.engine_ratio for row in plain)
    compiled = [row for row in rows if row.contender.name == COMPILED and row.model.states >= LARGE]
    wall = [1 / row.wall_ratio for row in plain if row.wall_ratio is not None and row.model.states < SMALL]
    reduced = [row for row in rows if row.contender.name == REDUCED and row.model.states > MANY]
    return [
        at_least("plain loop: states/s, of Spin's", 0.5, engine),
        at_least(
            f"compiled loop from {LARGE:,} states on: states/s, of Spin's",
            3,
            _known(row.engine_ratio for row in compiled),
        ),
        at_most(
            f"compiled loop from {LARGE:,} states on: bytes a state",
            40,
            _known(run.bytes_per_state for row in compiled for run in row.runs),
            "",
        ),
        at_least("reduced, philosophers 6: engine, as fast as Spin's", 20, _known(row.engine_ratio for row in reduced)),
        at_least("reduced, philosophers 6: whole process", 5, _known(row.wall_ratio for row in reduced)),
        at_most(f"whole process under {SMALL:,} states: seconds, of Spin's", 0.7, wall),
    ]


def not_counted(rows: Sequence[Row]) -> tuple[str, ...]:
    """What the comparison of the plain loop would be where Spin takes too little time for one."""
    short = ((row.model, row.short_ratio) for row in rows if row.contender.name == PLAIN)
    told = [f"{model} {ratio:.2f}x" for model, ratio in short if ratio is not None]
    reason = f"Spin takes less than {1000 * SHORTEST:.0f} ms"
    return (f"plain loop: states/s, of Spin's, where {reason}: {', '.join(told)}",) if told else ()


def _known(ratios: Iterable[float | None]) -> list[float]:
    return [ratio for ratio in ratios if ratio is not None]


def _cells(row: Row) -> list[str]:
    run = row.runs[0]
    return [
        str(row.model),
        row.contender.name,
        f"{run.states:,}",
        f"{run.transitions:,}",
        _figure(row.engine, "{:.3f}"),
        _figure(row.median_engine, "{:.3f}"),
        _figure(row.wall, "{:.2f}"),
        _figure(row.median_wall, "{:.2f}"),
        _figure(run.states / row.engine if row.engine else None, "{:,.0f}"),
        _figure(run.bytes_per_state if run.states >= MANY else None, "{:,.0f}"),
        _figure(row.engine_ratio, "{:.2f}"),
        _figure(row.wall_ratio, "{:.2f}"),
    ]


def _figure(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)
