"""What a verdict rests on: what a search exercised is the same by every strategy, and what it did not is named.

The stored certificates are written anew by `python -m tests.verdict.test_certificate`.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest

from aprt.cli import known_eras
from aprt.cli.cases import find_case
from aprt.core.actor import BLOCK, Actor, Outcome, handler
from aprt.core.caller import Caller
from aprt.core.effects import choose
from aprt.core.properties import Property, always
from aprt.core.scenario import Era, Model, Scenario, Settings
from aprt.core.symmetry import Alike
from aprt.core.system import Context, System
from aprt.detect.kinds import KINDS
from aprt.explore.explore import explore
from aprt.explore.result import Bounds
from aprt.kernel.mutex import Mutex
from aprt.verdict.ask import Search, ask
from aprt.verdict.case import Case
from aprt.verdict.certificate import Branch, Exercised, certify
from aprt.verdict.model_hash import model_hash
from aprt.verdict.verdict import Verdict
from aprt.view.certificate_text import certificate_text
from aprt.view.paint import Paint
from aprt.view.verdict_json import verdict_object
from aprt.view.verdict_text import verdict_line, verdict_text

FILE = "tests/verdict/test_certificate.py"
STORED = Path(__file__).parent / "stored"
SHIPPED = {"certificate-h3": "v4/h3+vm_ref", "certificate-assign-twice": "2026/assign-twice"}


class Shelf(Actor[int]):
    """Books on a shelf. Nobody sends `burn`."""

    def initial(self) -> int:
        return 3

    @handler(reads="*")
    def count(self, state: int, by: Caller) -> Outcome[int, int]:
        return state, state

    @handler(reads="*", writes="*")
    def borrow(self, state: int, by: Caller) -> Outcome[int, bool]:
        if state == 0:
            return state, False
        return state - 1, True

    @handler(reads="*", writes="*")
    def refill(self, state: int, by: Caller) -> Outcome[int, None]:
        return state + 3, None

    @handler(reads="*", writes="*")
    def burn(self, state: int, by: Caller) -> Outcome[int, None]:
        return 0, None

    @handler(reads="*")
    def wait_full(self, state: int, by: Caller) -> Outcome[int, None]:
        if state < 100:
            return BLOCK
        return state, None


async def reader(shelf: Shelf, mutex: Mutex) -> None:
    await mutex.lock()
    if await shelf.count() == 0:
        await shelf.refill()
    await choose("book", "red")
    await choose("page", 1, 2)
    await shelf.borrow()
    await mutex.unlock()


async def librarian(shelf: Shelf) -> None:
    await shelf.wait_full()


def library(settings: Settings) -> Model:
    shelf, mutex = Shelf("shelf"), Mutex("mutex")
    readers = tuple(Context(name, lambda: reader(shelf, mutex)) for name in ("ann", "bob"))
    system = System(
        (shelf, mutex),
        (*readers, Context("librarian", lambda: librarian(shelf), daemon=True)),
        symmetry=(Alike((("ann",), ("bob",))),),
    )
    few = always("few", (shelf,), lambda view: "many" if view(shelf) > 3 else None)
    mine = Property("fire", "no fire", (), about=((shelf, "burn"),))
    return Model(system, (few, mine), ("a library",), ())


LIBRARY = Era("own", "a library", (), {"library": Scenario("library", "two readers", "", ("few", "fire"), library)})
CASE = Case.make(LIBRARY, LIBRARY.scenarios["library"])


def line(code: object, text: str) -> int:
    """The number of the line of that text in a function."""
    lines, first = inspect.getsourcelines(code)  # type: ignore[arg-type]
    return first + next(number for number, found in enumerate(lines) if text in found)


def exercised(verdict: Verdict) -> Exercised:
    found = certify(verdict).exercised
    assert found is not None
    return found


def test_what_happened_and_what_did_not_as_a_whole() -> None:
    found = exercised(ask(CASE))
    kernel = tuple(branch for branch in found.branches if branch.file.startswith("aprt/"))
    assert attrs.evolve(
        found, branches=tuple(branch for branch in found.branches if branch not in kernel)
    ) == Exercised(
        contexts=("ann", "bob"),
        idle=("librarian",),
        handled=4,
        messages=8,
        never={"Mutex": ("trylock",), "Shelf": ("burn", "refill", "wait_full")},
        absent=(),
        gaps=("Shelf.burn", "Shelf.refill", "Shelf.wait_full"),
        called=(),
        waited=("Shelf.wait_full",),
        branches=(
            branch(Shelf.borrow.run, "return state, False", "Shelf.borrow", procedure=False),
            branch(reader, "shelf.refill", "reader", ("shelf.refill",), answer=True),
        ),
        single=("ann: book", "bob: book"),
        answers=("Shelf.borrow: False",),
        vacuous=("fire",),
    )
    assert [branch.function for branch in kernel] == ["Mutex.lock", "Mutex.unlock"]


def branch(
    code: object, text: str, function: str, calls: tuple[str, ...] = (), procedure: bool = True, answer: bool = False
) -> Branch:
    number = line(code, text)
    return Branch(FILE, number, number, function, procedure, calls, answer)


def test_of_aprts_own_messages_those_are_named_that_an_answer_leads_to_and_a_property_looks_at() -> None:
    case = Case.parse("v4/h3+vm_ref", known_eras())
    pages, gisas, everything = (exercised(ask(case, (id,))) for id in ("P5", "P1", "P9"))
    # what fails, and what is undone then; an instruction of the guest that nobody answers
    might = ("Memory.unpin", "Vcpu.operation_exception", "VfioApQueue.forget")
    # what another program of the guest would do, or another kernel
    other = ("ApQueue.dqap", "ApQueue.nqap", "Crycb.enter", "Crycb.leave", "Gisa.read_word", "Gisa.store_word")
    assert (pages.gaps, pages.called) == (might, (*other, "Vcpu.has_aiv"))
    for other_kinds in (gisas, everything):
        assert (other_kinds.gaps, sorted(other_kinds.called)) == ((), sorted((*other, "Vcpu.has_aiv", *might)))


def test_a_property_that_nothing_is_about_stands_beside_the_verdict_and_messages_among_the_facts() -> None:
    text = verdict_text(ask(Case.parse("2026/two-queues", known_eras())), Paint())
    assert (
        "\nHOLDS, but P8 was never exercised: no step that it is about is possible\n"
        "here. What breaks it elsewhere: 2026/kill-qemu+B15=out (P8)\n\ncovered "
    ) in text
    assert (
        "\nnot met     Memory.unpin, Vcpu.operation_exception,\n"
        "            VfioApQueue.forget_iova, VfioApQueue.forget_isc: no step here\n"
        "            handles them, so what they do is not judged (another setting\n"
        "            may lead there: aprt scenario show 2026/two-queues)\nmodel "
    ) in text


@pytest.mark.parametrize("strategy", ["states", "reduced", "dpor", "dpor:source"])
@pytest.mark.parametrize("text", ["v4/h3+vm_ref", "own/library"])
def test_every_complete_strategy_exercises_the_same(text: str, strategy: str) -> None:
    case = CASE if text == "own/library" else Case.parse(text, known_eras())
    assert exercised(ask(case, (), Search(strategy))) == exercised(ask(case, (), Search("states")))


def test_symmetry_exercises_what_likes_of_it_do() -> None:
    assert exercised(ask(CASE, (), Search("states", symmetry=True))) == exercised(ask(CASE, (), Search("states")))


def test_runs_by_lot_exercise_the_steps_that_they_took_and_no_others_that_they_could_have_taken() -> None:
    shelf = Shelf("shelf")

    async def visitor() -> None:
        if await choose("does", "burn", "refill") == "burn":
            await shelf.burn()
        else:
            await shelf.refill()

    found = explore(System((shelf,), (Context("eve", visitor),)), (), strategy="random", runs=1, certify=True).exercise
    assert found is not None
    (handled,) = found.handled
    assert handled in {("shelf", "burn"), ("shelf", "refill")}
    assert found.choices == {("eve", "does"): {"burn", "refill"}}
    (missed,) = [lines for function, lines in found.missed.items() if function.name.endswith("visitor")]
    assert [line.calls for line in missed] == [(f"shelf.{'refill' if handled[1] == 'burn' else 'burn'}",)]


def test_runs_by_lot_name_what_none_of_them_exercised() -> None:
    many = ask(CASE, (), Search("random", runs=200))
    assert (many.word, exercised(many).gaps) == ("NOT FOUND", ("Shelf.burn", "Shelf.refill", "Shelf.wait_full"))
    assert (exercised(many).vacuous, exercised(many).unexercised) == (("fire",), 4)
    text = verdict_text(many, Paint())
    assert "\nNOT FOUND, but fire was never exercised: no run took a step that it is\nabout\n" in text
    assert "\nnot met     Shelf.burn, Shelf.refill, Shelf.wait_full: no step here handles\n" in text
    assert text.endswith(" unexercised=4 token=-")
    certificate = certificate_text(many, certify(many), Paint())
    assert "\nended       all runs done\n" in certificate
    assert "\nnever handled: an answer might lead there, or the actor is your own (3)\n" in certificate


def test_runs_by_lot_name_the_property_that_a_search_over_states_names() -> None:
    case = Case.parse("v4/h3+all-measures", known_eras())
    states, runs = ask(case), ask(case, (), Search("random", runs=20))
    for verdict in (states, runs):
        assert verdict_object(verdict)["unexercised"] == ["P1"]
        assert verdict_line(verdict_object(verdict)).endswith(" unexercised=1 token=-")
    told = "NOT FOUND, but P1 was never exercised: no run took a step that it is about"
    assert told in " ".join(verdict_text(runs, Paint()).split())


def test_a_search_that_did_not_come_to_its_end_does_not_say() -> None:
    verdict = ask(CASE, (), Search("states", Bounds(max_depth=3)))
    assert (verdict.word, certify(verdict).exercised) == ("INCONCLUSIVE", None)
    assert "unexercised=" not in verdict_line(verdict_object(verdict))
    text = certificate_text(verdict, certify(verdict), Paint())
    assert "\nended       stopped at --max-depth\n" in text
    assert "exercised   not known" in text


def test_holds_names_what_was_never_exercised_and_counts_it_in_the_last_line() -> None:
    verdict = ask(CASE)
    text = verdict_text(verdict, Paint())
    assert verdict.word == "HOLDS"
    assert "\nHOLDS, but fire was never exercised: no step that it is about is possible\nhere\n\n" in text
    assert "\nnot met     Shelf.burn, Shelf.refill, Shelf.wait_full: no step here handles\n" in text
    assert "exercised   2 of 3 contexts, 4 of 8 messages; 4 branches never entered, 1\n" in text
    assert text.endswith(" unexercised=4 token=-")
    assert verdict_line(verdict_object(verdict)).endswith(" unexercised=4 token=-")


def test_a_detector_is_on_where_a_property_that_was_asked_about_asks_for_what_it_reports() -> None:
    case, little = Case.parse("2026/kill-qemu", known_eras()), Search(bounds=Bounds(max_states=1))
    everything = certify(ask(case, ("all",), little)).detectors
    assert {kind: ids for kind, ids in everything.items() if ids} == {
        "lock-order": ("P20",),
        "hang": ("P32", "P33", "deadlock", "livelock"),
        "lost-wakeup": ("P30", "P31"),
        "atomic-sleep": ("P23",),
        "guard": ("P22",),
        "unlock": ("K2",),
        "use-after-free": ("P9",),
        "leak": ("P5", "P6", "P7"),
        "refcount": ("K3", "P21"),
    }
    assert tuple(everything) == tuple(KINDS)
    verdict = ask(case, ("P9", "P1", "P20"), little)
    assert (
        "\ndetectors   lock-order (P20), use-after-free (P9); off: hang, lost-wakeup,\n"
        "            stuck-message, atomic-sleep, race, guard, unlock, leak,\n"
        "            refcount\n"
    ) in certificate_text(verdict, certify(verdict), Paint())


def whole(text: str) -> dict[str, Any]:
    """A certificate but for its hash, and for line numbers, which move whenever somebody adds a line above."""
    found: dict[str, Any] = verdict_object(ask(Case.parse(text, known_eras())))["certificate"]
    del found["model"]
    for branch in found["exercised"]["branches"]:
        branch["where"] = re.sub(r":\d+(-\d+)?$", "", branch["where"])
    return found


@pytest.mark.parametrize("name", SHIPPED)
def test_the_certificate_of_a_shipped_scenario_as_a_whole(name: str) -> None:
    assert whole(SHIPPED[name]) == json.loads((STORED / f"{name}.json").read_text(encoding="utf-8"))


OWN = """
from aprt import Actor, Caller, Context, Outcome, System, always, handler
from aprt.core.scenario import Model, Scenario


class Lamp(Actor[bool]):
    def initial(self) -> bool:
        return False

    @handler(reads="*", writes="*")
    def switch(self, state: bool, by: Caller) -> Outcome[bool, None]:
        return not state, None


def build(settings):
    lamps = tuple(Lamp(name) for name in NAMES)

    async def child():
        for lamp in lamps:
            await lamp.switch()

    return Model(System(lamps, (Context("child", child),)), (always("X", (), lambda view: None),), (), ())


NAMES = "hall", "attic", "cellar"
lamps = Scenario("lamps", "a child", "", ("X",), build)
"""


def hash_of(path: Path, seed: int) -> str:
    command = [sys.executable, "-m", "aprt", "explore", f"{path}:lamps", "--format", "json"]
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    found = json.loads(done.stdout)["certificate"]["model"]
    assert isinstance(found, str)
    return found


def test_the_hash_of_a_model_is_that_of_its_code_wherever_it_lies_and_changes_with_a_handler(tmp_path: Path) -> None:
    here, there, edited = (tmp_path / name / "lamps.py" for name in ("here", "there", "edited"))
    for path in (here, there, edited):
        path.parent.mkdir()
        path.write_text(OWN)
    edited.write_text(OWN.replace("return not state, None", "return True, None"))
    assert hash_of(here, 1) == hash_of(there, 2) != hash_of(edited, 1)


def test_the_hash_of_a_model_is_that_of_the_file_as_it_is_now(tmp_path: Path) -> None:
    path = tmp_path / "dimmers.py"
    path.write_text(OWN)
    model = find_case(known_eras, f"{path}:lamps", None, (), ()).model()
    before = [model_hash(model) for _ in range(2)]
    path.write_text(f"{OWN}# more\n")
    os.utime(path, ns=(1, 1))
    assert before[0] == before[1] != model_hash(model)


@pytest.mark.parametrize("text", ["v4/h3", "2026/kill-qemu"])
def test_the_hash_of_a_shipped_model_is_the_same_in_every_process(text: str) -> None:
    model = Case.parse(text, known_eras()).model()
    program = (
        "from aprt.cli import known_eras; from aprt.verdict.case import Case; from aprt.verdict.model_hash import *; "
        f"print(model_hash(Case.parse({text!r}, known_eras()).model()))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == model_hash(model) == model_hash(Case.parse(text, known_eras()).model())


def test_the_hash_of_a_model_tells_its_switches() -> None:
    texts = ("v4/h3", "v4/h3+vm_ref", "v4/h3+all-measures", "2026/kill-qemu", "2026/kill-qemu+B1=out")
    assert len({model_hash(Case.parse(text, known_eras()).model()) for text in texts}) == len(texts)


if __name__ == "__main__":
    for name, text in SHIPPED.items():
        (STORED / f"{name}.json").write_text(json.dumps(whole(text), indent=1) + "\n", encoding="utf-8")
