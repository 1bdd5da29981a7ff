"""One actor's part, fed by hand."""

from __future__ import annotations

import pytest

from aprt.core.caller import Caller
from aprt.core.effects import Call
from aprt.core.schedule import Label
from aprt.runtime.actor import ActorPart
from aprt.runtime.mailbox import Mailbox
from aprt.runtime.messages import Able, Attempt, Handled, Probe, Report, Request, ToDirector, Waits
from tests.counter import Count
from tests.runtime.systems import Counter

N = Counter("n")


def request(context: str, call: Call[object]) -> Request:
    return Request(call, Label(context, str(call)), Caller(context), (), Mailbox())


def told(reports: Mailbox[Report]) -> list[str]:
    """The reports, in short."""
    words = []
    for report in reports.queue:
        match report:
            case Handled(request, reply):
                words.append(f"{request.label.context} {request.call.op} -> {reply}")
            case Waits(context):
                words.append(f"{context} waits")
    return words


@pytest.mark.trio
async def test_a_change_serves_those_who_wait_in_order_of_arrival() -> None:
    reports: Mailbox[Report] = Mailbox()
    part = ActorPart(N, Count(0), reports)
    for context in "abc":
        part.serve(request(context, N.take()))
    part.serve(request("d", N.add(2)))
    assert told(reports) == ["a waits", "b waits", "c waits", "d add -> 2", "a take -> 1", "b take -> 0"]


@pytest.mark.trio
async def test_a_step_that_changes_nothing_retries_nobody() -> None:
    reports: Mailbox[Report] = Mailbox()
    part = ActorPart(N, Count(0), reports)
    part.serve(request("a", N.take()))
    part.serve(request("b", N.load()))
    assert told(reports) == ["a waits", "b load -> 0"]


@pytest.mark.trio
async def test_a_probe_answers_without_a_step_and_an_attempt_never_waits() -> None:
    reports: Mailbox[Report] = Mailbox()
    gate: Mailbox[ToDirector] = Mailbox()
    part = ActorPart(N, Count(1), reports)
    part.serve(Probe(request("a", N.take()), gate))
    part.serve(Attempt(request("b", N.take()), gate, watched=True))
    part.serve(Attempt(request("c", N.take()), gate, watched=False))
    part.serve(Probe(request("d", N.take()), gate))
    part.serve(request("e", N.add(5)))
    assert list(gate.queue) == [Able("a", True), Able("c", False), Able("d", False)]
    assert told(reports) == ["b take -> 0", "e add -> 5"]
