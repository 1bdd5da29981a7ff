"""`aprt bench view` and `replay`: their figures come from runs, and are in the JSON, too."""

from __future__ import annotations

import json

import pytest

from tests.cli.commands import aprt


@pytest.mark.parametrize("options", [(), ("--free",)])
def test_what_the_view_leaves_is_the_quotient_of_two_paces(options: tuple[str, ...]) -> None:
    run = aprt("bench", "view", "toy/abba", "--pairs", "2", "--seconds", "0.05", "--format", "json", *options)
    told = json.loads(run.stdout)
    alone, watched = (told[way]["steps"] / told[way]["seconds"] for way in ("alone", "watched"))
    assert told["ratio"] == pytest.approx(watched / alone)
    assert told["mode"] == ("free" if options else "gated")
    assert told["alone"]["frames"] == 0 < told["watched"]["frames"]
    assert told["alone"]["seconds"] >= 0.1


def test_the_last_line_is_for_grep() -> None:
    run = aprt("bench", "view", "toy/abba", "--pairs", "1", "--seconds", "0.01")
    assert run.exit_code == 0
    assert run.stdout.splitlines()[-1].startswith("aprt: VIEW ratio=")


def test_replays_and_messages_are_counted() -> None:
    run = aprt("bench", "replay", "toy/lost-update", "--schedules", "3", "--times", "2", "--format", "json")
    told = json.loads(run.stdout)
    # two threads load and store once each, whatever the order
    assert (told["replays"], told["messages"]) == (6, 24)
    assert told["messages_per_s"] == pytest.approx(4 * told["replays_per_s"])
    assert told["ratio"] == pytest.approx(told["messages_per_s"] / told["channel_per_s"])
    assert (
        aprt("bench", "replay", "toy/lost-update", "--schedules", "2")
        .stdout.splitlines()[-1]
        .startswith("aprt: REPLAY ratio=")
    )
