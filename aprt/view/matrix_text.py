"""The measures matrix as text: per property the smallest sets of measures under which it holds."""

from __future__ import annotations

from aprt.core.amount import count
from aprt.verdict.measures import Matrix, Subset
from aprt.view.heading import heading
from aprt.view.paint import Paint


def matrix_text(matrix: Matrix, paint: Paint) -> str:
    """One line per property and minimal set, then the line for grep."""
    done, all_of_them = len(matrix.explored), 1 << len(matrix.measures)
    lines = [heading(matrix.case, paint), ""]
    lines.append(f"smallest sets of measures with which a property holds ({done} of {all_of_them} sets searched)")
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
    complete = "yes" if matrix.complete else "no"
    lines.append(f"aprt: MATRIX scenario={matrix.case} subsets={done} complete={complete} states={states}")
    return "\n".join(lines)


def _set(matrix: Matrix, subset: Subset) -> str:
    return " + ".join(name for name in matrix.measures if name in subset) or "none is needed"
