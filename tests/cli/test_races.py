"""`aprt races`, letter by letter."""

from __future__ import annotations

import json

from click.testing import CliRunner, Result

from aprt.cli.root import root
from tests.toy import ERAS


def aprt(*args: str) -> Result:
    return CliRunner().invoke(root, args, obj=lambda: ERAS)


def test_the_text_has_an_execution_for_either_order_of_a_harmful_race() -> None:
    result = aprt("races", "toy/lost-update")
    assert result.exit_code == 0
    tokens = [line.split()[-1] for line in result.stdout.splitlines() if "aprt replay" in line]
    assert len(tokens) == 4
    assert (
        result.stdout
        == """\
toy/lost-update  two threads add one

harmful: 2 races; the order decides what is violated, or if anything is
  a: counter.load  |  b: counter.store
    a first: T1: counter is 1
      aprt replay {}
    b first: it ends well
      aprt replay {}
  a: counter.store  |  b: counter.load
    a first: it ends well
      aprt replay {}
    b first: T1: counter is 1
      aprt replay {}

order-only: 0 races

inevitable: 1 race; either order always violates T1, so none is shown
  harmless
  a: counter.store  |  b: counter.store

benign: 0 races

covered     12 states, complete
judged by   T1, oops, deadlock, hang; up to the first of them

aprt: RACES property=T1 scenario=toy/lost-update era=toy with=- harmful=2 order_only=0 inevitable=1 benign=0 \
states=12 complete=yes
""".format(*tokens)
    )
    assert [aprt("replay", token).exit_code for token in tokens] == [1, 0, 0, 1]


def test_another_property_judges_otherwise_and_json_has_all_of_it() -> None:
    data = json.loads(aprt("races", "toy/lost-update", "--property", "T2", "--format", "json").stdout)
    assert (data["schema"], data["properties"], data["complete"]) == ("aprt.races/1", ["T2"], True)
    first, second, benign = data["races"]
    assert (first["harm"], second["harm"], benign["harm"]) == ("order-only", "order-only", "benign")
    assert (first["first"], first["second"]) == (["a", "counter.load"], ["b", "counter.store"])
    assert (first["differ"], first["states"]) == (["counter"], 1)
    assert [one["verdict"] for one in first["executions"]] == [None, None]
    assert benign["executions"] == []


def test_a_lock_leaves_one_race_that_is_benign() -> None:
    result = aprt("races", "toy/lost-update", "--with", "locked")
    assert "benign: 1 race; either order comes to the same\n  a: mutex.lock  |  b: mutex.lock\n" in result.stdout
    assert " harmful=0 order_only=0 inevitable=0 benign=1 " in result.stdout


def test_what_is_not_searched_to_the_end_is_not_judged() -> None:
    result = aprt("races", "toy/lost-update", "--max-states", "5")
    assert result.exit_code == 3
    assert result.stdout.endswith(" harmful=- order_only=- inevitable=- benign=- states=6 complete=no\n")
    assert "benign:" not in result.stdout
    assert json.loads(aprt("races", "toy/large", "--max-states", "5", "--format", "json").stdout)["races"] == []


def test_a_budget_that_is_spent_leaves_the_races_open_and_one_that_is_enough_does_not() -> None:
    result = aprt("races", "toy/large", "--budget", "0s")
    assert result.exit_code == 3
    assert "not all there are, so no order is judged: --budget allows for more" in " ".join(result.stdout.split())
    assert result.stdout.endswith(" states=13 complete=no\n")
    whole = aprt("races", "toy/lost-update", "--budget", "1h")
    assert (whole.exit_code, whole.stdout) == (0, aprt("races", "toy/lost-update").stdout)
