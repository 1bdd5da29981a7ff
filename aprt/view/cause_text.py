"""Why a schedule fails, as a section of an explanation and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from aprt.core.amount import count
from aprt.core.schedule import Label
from aprt.explore.failures.critical import CriticalChoice, CriticalPair
from aprt.explore.failures.necessary import Ordering
from aprt.verdict.cause import Cause
from aprt.verdict.realised import Realised
from aprt.view.commands import quoted
from aprt.view.endless_text import endless_lines, endless_object
from aprt.view.lists import few, under
from aprt.view.realised_text import realised_lines
from aprt.view.shrink_text import CLAIMS, price_object, price_text
from aprt.view.words import again

_TURNED: Final = "(turned round, nothing that can follow {}s like this)"
_OTHERWISE: Final = "(chosen otherwise, nothing that can follow {}s like this)"
_NOTHING_DECIDES: Final = "no order of two steps, and no choice, by itself"
_NOTHING_ALWAYS: Final = "nothing that tells executions that {} from others"
_INEVITABLE: Final = "nothing: no execution ends without a violation of this property"
_ALL_RACE: Final = "nothing: every execution comes to where the two race"
_OPEN: Final = "what leads to the race is not worked out: too many states"


def why_lines(why: Cause | Realised, token: str | None) -> list[str]:
    """The section `Why`: lines of at most 75 letters, and few of them. token: of the schedule that is explained."""
    return ["Why", *(under("cycle", realised_lines(why)) if isinstance(why, Realised) else _cause(why, token))]


def open_lines(token: str | None) -> list[str]:
    """The section `Why` of a race for which `race_cause` gives nothing. token: of the access without its lock."""
    command = () if token is None else ("why an access has not its lock:", f"aprt explain {quoted(token)} --as lockdep")
    return ["Why", *under("open", [_OPEN, *command])]


def _cause(cause: Cause, token: str | None) -> list[str]:
    fail = "fail" if cause.race is None else "race"
    decides = _proved([_pair(pair) for pair in cause.pairs if pair.proved], _TURNED.format(fail))
    decides += _proved([_choice(choice) for choice in cause.choices if choice.proved], _OTHERWISE.format(fail))
    maybe = [_pair(pair) for pair in cause.pairs if not pair.proved]
    maybe += [_choice(choice) for choice in cause.choices if not choice.proved]
    always = [*map(_chosen, cause.chosen), *(_ordering(one, cause.one_step) for one in cause.order)]
    tells = cause.complete and not cause.inevitable
    return [
        *under("smallest", _smallest(cause, token)),
        *under("then", [] if cause.race is None else [f"{' and '.join(map(str, cause.race))}, in either order"]),
        *under("decides", decides or ([] if maybe else [_undecided(cause)])),
        *under("perhaps", few(maybe)),
        *([] if cause.endless is None else endless_lines(cause.endless)),
        *under("always", few(always) or ([_NOTHING_ALWAYS.format(fail)] if tells else [])),
        *under("searched", [_searched(cause)]),
    ]


def cause_object(cause: Cause) -> dict[str, Any]:
    """The same for programs. A step is a list: context, operation, and how often that was done by then."""
    return {
        "smallest": {
            "claim": cause.minimal.claim,
            **price_object(cause.minimal.after),
            "token": cause.token,
            "schedule": [[label.context, label.op] for label in cause.minimal.schedule],
        },
        "pairs": [
            {"first": _step(pair.first), "second": _step(pair.second), "waits": pair.waits, "proved": pair.proved}
            for pair in cause.pairs
        ],
        "choices": [
            {"chosen": _step(choice.chosen), "instead": list(choice.instead), "proved": choice.proved}
            for choice in cause.choices
        ],
        "chosen": [_step(label) for label in cause.chosen],
        "order": [{"first": _step(o.first), "second": _step(o.second), "how": o.how} for o in cause.order],
        "inevitable": cause.inevitable,
        "race": None if cause.race is None else [_step(label) for label in cause.race],
        "endless": None if cause.endless is None else endless_object(cause.endless),
        "states": cause.states,
        "complete": cause.complete,
    }


def _proved(texts: list[str], note: str) -> list[str]:
    return [*few(texts), note] if texts else []


def _undecided(cause: Cause) -> str:
    if not cause.inevitable:
        return _NOTHING_DECIDES
    return _INEVITABLE if cause.race is None else _ALL_RACE


def _smallest(cause: Cause, token: str | None) -> Iterator[str]:
    price = price_text(cause.minimal.after)
    if cause.endless is not None and cause.endless.loop:
        price += f"; then {again(cause.endless.loop)}"
    yield f"this one: {price}" if cause.token == token else price
    yield CLAIMS[cause.minimal.claim]
    if cause.token not in (token, None):
        yield f"aprt explain {quoted(cause.token)}"


def _searched(cause: Cause) -> str:
    if cause.complete:
        # fewer than `aprt explore` counts, which goes on after a failure
        return f"{count(cause.states, 'state')}, all there are up to a {'failure' if cause.race is None else 'race'}"
    return f"{count(cause.states, 'state')}, not all there are: none refutes what is above"


def _pair(pair: CriticalPair) -> str:
    return f"{pair.first} before {_waited(pair.second) if pair.waits else pair.second}"


def _choice(choice: CriticalChoice) -> str:
    instead = " or ".join(op.removeprefix("choose ") for op in choice.instead)
    return f"{_chosen(choice.chosen)}, and not {instead}"


def _chosen(label: Label) -> str:
    return f"{label.context} chooses {label.step.removeprefix('choose ')}"


def _ordering(ordering: Ordering, one_step: bool) -> str:
    if ordering.how == "fails" and not one_step:
        return f"{ordering.first}, before it fails"
    second = _waited(ordering.second) if ordering.how == "waits" else str(ordering.second)
    return f"{ordering.first} -> {second}"


def _waited(label: Label) -> str:
    return f"{label.context} waits for {label.step}"


def _step(label: Label) -> list[str | int]:
    return [label.context, label.op, label.nth]
