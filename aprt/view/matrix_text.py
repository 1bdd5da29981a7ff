"""The measures matrix as text: per property the smallest sets of measures under which it holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from aprt.core.amount import count
from aprt.verdict.measures import Matrix, Subset
from aprt.view.covered_text import open_since
from aprt.view.heading import heading
from aprt.view.last_line import last_line
from aprt.view.lists import wrapped
from aprt.view.paint import Paint


def matrix_text(matrix: Matrix, paint: Paint) -> str:
    """One line per property and minimal set, then the line for grep."""
    done, all_of_them = len(matrix.explored), 1 << len(matrix.measures)
    lines = [heading(matrix.case, paint), ""]
    lines.append(f"smallest sets of measures with which a property holds ({done} of {all_of_them} sets searched)")
    lines += _open(matrix)
    nothing = "with none of the sets" if matrix.complete else "with none of the sets searched so far"
    width = max((len(id) for id in matrix.properties), default=0)
    for id in matrix.properties:
        sets = [_set(matrix, subset) for subset in matrix.minimal(id)] or [paint.red(nothing)]
        if not matrix.exercised(id):
            sets = ["never exercised: no step that it is about is possible here"]
        for i, text in enumerate(sets):
            lines.append(f"  {(id if i == 0 else 'or').rjust(width)}  {text}")
    states = sum(exploration.states for exploration in matrix.explored.values())
    seconds = sum(exploration.seconds for exploration in matrix.explored.values())
    lines += ["", f"{count(states, 'state')} in {seconds:.1f} s", ""]
    told = {"scenario": matrix.case, "subsets": done, "complete": matrix.complete, "states": states}
    return "\n".join([*lines, last_line("MATRIX", told)])


def _open(matrix: Matrix) -> Iterator[str]:
    """A warning that the sets below may not be the smallest, as not everything was searched."""
    if matrix.interrupted:
        yield from wrapped("interrupted: there may be others among the sets that were not searched").splitlines()
    since = Counter(open_since(found) for found in matrix.explored.values() if not found.complete)
    for reason, sets in since.items():
        yield from wrapped(f"open for {count(sets, 'set')}, which may do as well: {reason}").splitlines()


def _set(matrix: Matrix, subset: Subset) -> str:
    return " + ".join(name for name in matrix.measures if name in subset) or "none is needed"
