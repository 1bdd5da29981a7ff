"""What checks see is kept in order, and what a search of traces cannot show is refused."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from aprt import Caller, Property, UserError, View, always, at_end
from aprt.core.events import Event
from aprt.core.notes import Hold, Owes, Took
from aprt.core.properties import DEADLOCK, HANG, After, Before, History, Noted
from aprt.explore.commuting.independence import StepInfo, dependent
from aprt.explore.commuting.visibility import Unordered, Visibility
from aprt.kernel.mailbox import Mailbox
from tests.explore.tiny import Lock, Variable

X, Y, Z = Variable("x"), Variable("y"), Variable("z")


def change(actor: str) -> StepInfo:
    return StepInfo(f"changes {actor}", actor, f"{actor}.store", True)


def look(actor: str) -> StepInfo:
    return StepInfo(f"looks at {actor}", actor, f"{actor}.load", False)


def ordered(*properties: Property, steps: Iterable[StepInfo]) -> set[frozenset[str]]:
    """The pairs of these steps, by context, that the properties make dependent."""
    seen = [Visibility(properties).extend(step) for step in steps]
    return {frozenset({a.context, b.context}) for a in seen for b in seen if a is not b and dependent(a, b)}


def nothing(view: View, event: Event | None = None) -> str | None:
    return None


STEPS = (change("x"), change("y"), change("z"), look("z"), look("y"))
ALONE = {frozenset({"changes z", "looks at z"}), frozenset({"changes y", "looks at y"})}


def pair(a: str, b: str) -> frozenset[str]:
    return frozenset({a, b})


@pytest.mark.parametrize(
    ("added", "check"),
    [
        (set(), Noted()),
        (set(), at_end("p", (X, Y), nothing).checks[0]),
        (set(), DEADLOCK.checks[0]),
        (set(), always("p", (X,), nothing).checks[0]),
        ({pair("changes x", "changes y")}, always("p", (X, Y), nothing).checks[0]),
        (set(), Before(Z, "load", (Z,), nothing)),
        ({pair("looks at z", "changes x"), pair("looks at z", "changes y")}, After(Z, "load", (X, Y), nothing)),
        (
            {pair("looks at y", "changes z"), pair("looks at z", "changes y"), pair("looks at z", "looks at y")}
            | {pair("changes z", "changes y")},
            History(None, (Y, Z), lambda memory, event: memory),
        ),
    ],
)
def test_what_each_check_needs_in_order(added: set[frozenset[str]], check: object) -> None:
    property = Property("p", "p", (check,))  # type: ignore[arg-type]
    assert ordered(property, steps=STEPS) == ALONE | added


def test_the_ends_of_a_queue_are_in_order_where_a_check_looks_at_it() -> None:
    box: Mailbox[int] = Mailbox("box")
    assert Visibility((always("p", (box,), nothing),)).groups
    assert not Visibility((always("p", (Lock("lock"),), nothing),)).groups


def test_what_contexts_hold_is_kept_in_order_once_a_check_asks_for_it() -> None:
    def ask(view: View) -> str | None:
        return "held" if view.held("lock") or view.inflight("page") else None

    asks = always("p", (X,), ask)
    visibility = Visibility((asks,))
    for holding in (("held", "lock"), ("inflight", "page")):
        with pytest.raises(Unordered) as unordered:
            visibility.properties[0].checks[0].test(View({}))  # type: ignore[union-attr]
        assert unordered.value.holding == holding
        visibility = visibility.wider(unordered.value)
    holder = Caller("a", (Hold("lock"),))
    test = visibility.properties[0].checks[0].test  # type: ignore[union-attr]
    assert (test(View({}, ())), test(View({}, (holder,)))) == (None, "held")  # type: ignore[call-arg,arg-type]

    takes = StepInfo("a", "lock", "lock.lock", True)
    plain, took = visibility.extend(takes), visibility.extend(takes, (Took(Hold("lock")),))
    owes, other = (visibility.extend(takes, (Owes(resource, 1),)) for resource in ("page", "another"))
    changes = visibility.extend(change("x"))
    assert [dependent(changes, step) for step in (plain, took, owes, other)] == [False, True, True, False]


def test_what_a_trace_cannot_show_is_refused_in_one_line() -> None:
    with pytest.raises(UserError, match=r"^property hang asks what can be reached from each state.*states$"):
        Visibility((HANG,))
    (all_of_it,) = Visibility((always("p", (X,), lambda view: f"{len(view.callers)}"),)).properties
    with pytest.raises(UserError, match=r"^property p looks at all that contexts hold, .*--strategy states$"):
        all_of_it.checks[0].test(View({}))  # type: ignore[union-attr]


def test_at_an_end_everything_is_settled() -> None:
    (ends,) = Visibility((at_end("p", (X,), lambda view: f"{view.held('lock')} {len(view.callers)}"),)).properties
    assert ends.checks[0].test(View({})) == "False 0"  # type: ignore[union-attr]
