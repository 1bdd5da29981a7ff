"""`aprt bench view`: its figures come from runs, and are in the JSON, too."""

from __future__ import annotations

import json

import pytest

from tests.cli.test_commands import aprt


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
