"""`aprt locks`, letter by letter."""

from __future__ import annotations

import json

from click.testing import CliRunner, Result

from aprt.cli.root import root
from aprt.core.properties import Noted, Property
from tests import toy
from tests.explore.work import theft
from tests.verdict.cases import case_of
from tests.verdict.orders import ERA


def aprt(*args: str) -> Result:
    return CliRunner().invoke(root, ("locks", *args), obj=lambda: {"order": ERA})


def test_the_text_holds_what_was_seen_against_the_document_and_tells_what_a_variant_adds() -> None:
    result = aprt("order/nested", "--compare", "order/nested+turned")
    assert result.exit_code == 0
    assert (
        result.stdout
        == """\
order/nested  locks in their order

documented, outer first
  bus -> outer -> hook
  hook -> iommu
  spin innermost
  not here: bus, iommu

observed: 4 edges, 3 of them below, from which the others follow (22
  states, complete)
  (!: contradicts the document; ?: the document says nothing of it)
    inner -> spin
      writer in writer()
    outer -> hook for reading
      reader in reader(), lookup()
  ? outer -> inner
      writer in writer()

cycle
  possible circular locking dependency: hook -> outer -> hook
  realised by 3 steps: reader waits for vm0.hook, which stray holds; stray
    waits for outer, which reader holds
  aprt replay aprt2:order/nested+turned:Vxr_NYuqeQng
  aprt explore order/nested+turned --property P20

taken, and never waited for
  hook, inner, spin

never taken
  idle

asserted to be held, and by which handlers
  outer
    Cell.add, Cell.compare_and_swap, Cell.read, Cell.write

added by order/nested+turned
  ! hook -> outer
      stray in stray()
      documented: outer -> hook
      closes a cycle: hook -> outer -> hook

removed by order/nested+turned
  none

aprt: LOCKS scenario=order/nested era=order with=- edges=4 contradicting=0 undocumented=1 cycle=no added=1 removed=0 \
contradicting_after=1 cycle_after=yes realised_after=yes complete=yes
"""
    )


def test_the_graph_has_what_contradicts_in_red_and_what_was_not_seen_dotted() -> None:
    result = aprt("order/nested", "--dot", "--compare", "order/nested+turned")
    assert (result.exit_code, result.stdout) == (
        0,
        """\
digraph "order/nested" {
  node [shape=box];
  "inner" -> "spin" [style="solid" tooltip="writer in writer()"];
  "outer" -> "hook" [style="solid" tooltip="reader in reader(), lookup()"];
  "outer" -> "inner" [style="dashed" tooltip="writer in writer()"];
  "hook" -> "outer" [style="solid,bold" color=red tooltip="stray in stray()"];
  "bus" -> "outer" [style="dotted"];
  "hook" -> "iommu" [style="dotted"];
}
""",
    )


def test_json_has_all_edges_with_who_makes_them() -> None:
    result = aprt("nested", "--era", "order", "--with", "turned", "--format", "json")
    data = json.loads(result.stdout)
    assert (data["schema"], data["scenario"], data["complete"]) == ("aprt.locks/1", "order/nested+turned", True)
    assert data["documented"] == {"chains": [["bus", "outer", "hook"], ["hook", "iommu"]], "innermost": ["spin"]}
    assert data["edges"][0] == {
        "held": "hook",
        "asked": "outer",
        "reading": False,
        "standing": "contradicts",
        "against": "outer -> hook",
        "context": "stray",
        "functions": ["stray"],
        "holding": ["vm0.hook"],
        "asking": "outer",
    }
    assert len(data["edges"]) == 5
    assert data["cycle"] == "possible circular locking dependency: hook -> outer -> hook"
    assert data["cycles"] == [data["cycle"]]
    assert data["realised"] == {
        "cycle": data["cycle"],
        "schedule": [["reader", "outer.lock"], ["reader", "cell.read"], ["stray", "vm0.hook.down_write"]],
        "token": data["realised"]["token"],
        "waiting": [{"context": "reader", "lock": "vm0.hook"}, {"context": "stray", "lock": "outer"}],
        "gates": [],
        "alone": None,
        "states": data["realised"]["states"],
        "complete": False,
        "unasked": [],
    }
    on = {"taken": [], "held_on": ["spin"]}
    assert data["interrupts"] == {"hardirq": on, "softirq": on}
    assert (data["uncontended"], data["unused"], data["absent"]) == (["inner", "spin"], ["idle"], ["bus", "iommu"])
    assert data["compared"] is None


def test_a_change_is_named_by_its_switch_and_told_with_the_cycle_that_it_closes() -> None:
    named = json.loads(aprt("order/nested", "--compare", "order/nested+turned", "--format", "json").stdout)
    changed = json.loads(aprt("order/nested", "--compare", "with=turned", "--format", "json").stdout)
    assert changed == named
    (added,) = changed["compared"]["added"]
    assert (added["against"], added["closes"]) == ("outer -> hook", ["hook", "outer"])
    wrong = aprt("order/nested", "--compare", "with=turnd")
    assert (wrong.exit_code, wrong.stderr) == (2, "aprt: unknown switch 'turnd' (did you mean 'turned'?)\n")


def test_a_search_that_is_cut_exits_with_3_and_says_so() -> None:
    result = aprt("order/nested", "--max-states", "10")
    assert (result.exit_code, result.stdout.splitlines()[-1].split()[-2:]) == (3, ["cycle=?", "complete=no"])
    assert "(10 states, stopped at --max-states)" in " ".join(result.stdout.split())


def test_what_executions_would_lock_after_they_ended_is_said_not_to_be_observed() -> None:
    case = case_of(theft()[0], Property("P2", "nothing is taken from nothing", (Noted(),)))
    eras = {"of": case.era}
    result = CliRunner().invoke(root, ("locks", "of/it"), obj=lambda: eras)
    assert result.exit_code == 0
    assert (
        """\
observed: 0 edges (4 states, complete)
  an execution ends at a violation of P2; what it would lock after that is
    not observed. Where it ends:
  aprt explore of/it --property P2

"""
        in result.stdout
    )
    assert result.stdout.endswith(" cycle=no unasked=P2 complete=yes\n")
    assert result.stderr.endswith("; complete, but an execution ends at a violation of P2\n")
    assert CliRunner().invoke(root, ("explore", "of/it", "--property", "P2"), obj=lambda: eras).exit_code == 1


def test_a_cycle_that_no_property_is_about_is_told_without_a_command() -> None:
    result = CliRunner().invoke(root, ("locks", "toy/abba"), obj=lambda: toy.ERAS)
    assert (
        """
cycle
  possible circular locking dependency: A -> B -> A
  realised by 2 steps: left waits for B, which right holds; right waits for
    A, which left holds
  aprt replay aprt2:toy/abba:rgFjmI097Uqg

"""
        in result.stdout
    )
    assert result.stdout.endswith(" cycle=yes realised=yes complete=yes\n")


def test_a_graph_is_no_json() -> None:
    result = aprt("order/nested", "--dot", "--format", "json")
    assert (result.exit_code, result.stderr) == (
        2,
        "aprt: --dot and --format json cannot be combined (try 'aprt locks --help')\n",
    )
