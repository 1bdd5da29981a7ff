import attrs
import pytest

from aprt.core.effects import choose
from aprt.core.errors import ReplayMismatch, UserError
from aprt.core.execution import Execution
from aprt.core.finding import Finding
from aprt.core.properties import DEADLOCK, HANG, Eventually, Property
from aprt.core.scenario import Era, Model, Scenario, Settings
from aprt.core.schedule import Schedule
from aprt.core.system import Context, System
from aprt.explore.replay import replay
from aprt.explore.result import Bounds
from aprt.kernel.mutex import Mutex
from aprt.verdict.ask import ask
from aprt.verdict.case import Case
from aprt.verdict.compact import merge_runs
from aprt.verdict.confirm import both, confirm
from aprt.verdict.search import Search
from aprt.verdict.tokens import resolve
from aprt.view.paint import Paint
from aprt.view.verdict_text import verdict_text
from tests.toy import ERAS
from tests.verdict.cases import case_of


def case(text: str) -> Case:
    return Case.parse(text, ERAS)


def test_a_violation_comes_with_its_events_on_trio_and_a_token_that_leads_there() -> None:
    verdict = ask(case("toy/lost-update"))
    (shown,) = verdict.shown
    assert (verdict.word, verdict.interrupted, verdict.exploration.traces) == ("VIOLATED", False, None)
    assert shown.finding == Finding(
        "T1",
        "counter is 1",
        Schedule.of([("a", "counter.load"), ("b", "counter.load"), ("a", "counter.store"), ("b", "counter.store")]),
    )
    assert [(e.context, e.op, e.args, e.reply) for e in shown.events] == [
        ("a", "load", (), 0),
        ("b", "load", (), 0),
        ("a", "store", (1,), None),
        ("b", "store", (1,), None),
    ]
    assert shown.token is not None
    assert resolve(shown.token, lambda text: Case.parse(text, ERAS)).schedule == shown.finding.schedule


@pytest.mark.parametrize(
    ("text", "search", "word"),
    [
        ("toy/tidy", Search(), "HOLDS"),
        ("toy/lost-update+atomic", Search(), "HOLDS"),
        ("toy/lost-update+locked+forget_unlock", Search(), "HOLDS"),  # nobody gets to the end
        ("toy/tidy", Search(strategy="random", runs=5), "NOT FOUND"),
        ("toy/tidy", Search(strategy="random", runs=5, bounds=Bounds(max_depth=1)), "INCONCLUSIVE"),  # all are cut off
        ("toy/doors", Search(strategy="random", runs=200), "VIOLATED"),
        ("toy/large", Search(bounds=Bounds(max_states=50)), "INCONCLUSIVE"),
        ("toy/large", Search(bounds=Bounds(max_depth=2)), "INCONCLUSIVE"),
        ("toy/large", Search(bounds=Bounds(budget=0.0)), "INCONCLUSIVE"),
        ("toy/abba", Search(stop_on="all"), "VIOLATED"),
    ],
)
def test_the_word_says_what_is_known(text: str, search: Search, word: str) -> None:
    assert ask(case(text), (), search).word == word


def test_the_properties_checked_are_the_scenarios_own_those_named_or_all() -> None:
    asked = {ids: [p.id for p in ask(case("toy/tidy"), ids).properties] for ids in [(), ("T2",), ("all",)]}
    assert asked == {(): ["T1"], ("T2",): ["T2"], ("all",): ["T1", "T2"]}
    with pytest.raises(UserError, match="--property all cannot be combined"):
        ask(case("toy/tidy"), ("all", "T2"))
    with pytest.raises(UserError, match="unknown property 'T9'"):
        ask(case("toy/tidy"), ("T9",))


@pytest.mark.parametrize("strategy", ["random", "urw", "pct:2", "portfolio"])
def test_what_a_random_strategy_finds_is_shown_by_its_smallest_schedule(strategy: str) -> None:
    (shown,) = ask(case("toy/lost-update+threads=4"), (), Search(strategy)).shown
    assert (shown.size, len(shown.finding.schedule)) == ("optimal", 8)
    assert shown.finding.schedule.switches <= 5


def test_a_search_for_all_tells_in_how_many_ways_a_property_is_violated() -> None:
    every = ask(case("toy/lost-update+threads=4"), (), Search("states", stop_on="all"))
    (shown,) = every.shown
    others = {"counter is 1", "counter is 2", "counter is 3"} - {shown.finding.text}
    assert set(every.others(shown.finding)) == others
    first = ask(case("toy/lost-update+threads=4"), (), Search("states"))
    assert first.others(first.shown[0].finding) == ()


class Interrupted:
    """Ctrl-C before the search begins."""

    def __enter__(self) -> None:
        raise KeyboardInterrupt

    def __exit__(self, *_: object) -> None: ...


def test_a_search_interrupted_before_it_began_is_inconclusive_with_nothing_covered() -> None:
    verdict = ask(case("toy/abba"), interruptible=Interrupted())
    assert (verdict.word, verdict.interrupted, verdict.exploration.states) == ("INCONCLUSIVE", True, 0)


class Allowed:
    """Ctrl-C in what it is entered around for the second time."""

    entered = 0

    def __enter__(self) -> None:
        self.entered += 1
        if self.entered == 2:
            raise KeyboardInterrupt

    def __exit__(self, *_: object) -> None: ...


def test_ctrl_c_while_a_finding_is_made_smaller_shows_it_as_it_is() -> None:
    search = Search("random", runs=200)
    verdict = ask(case("toy/doors"), (), search, interruptible=Allowed())
    (shown,) = verdict.shown
    assert verdict.word == "VIOLATED"
    assert (shown.size, shown.finding.schedule) == ("stopped", verdict.exploration.findings[0].schedule)
    assert "size        perhaps not minimal: trying was stopped" in verdict_text(verdict, Paint(False))


def test_a_search_interrupted_in_the_middle_keeps_what_it_covered() -> None:
    def interrupt(progress: object) -> None:
        raise KeyboardInterrupt

    verdict = ask(case("toy/large"), (), Search("states"), interrupt)
    assert (verdict.word, verdict.interrupted) == ("INCONCLUSIVE", True)
    assert verdict.exploration.states > 1


def test_independent_steps_are_commuted_to_merge_runs() -> None:
    model = case("toy/large").model()
    two = ["worker0", "worker1"]
    steps = [(name, f"counter{name[-1]}.add") for _ in range(3) for name in two]
    events = replay(model.system, Schedule.of(steps)).events
    assert Schedule.of(steps).switches == 5
    assert merge_runs(events) == Schedule.of([steps[0]] * 3 + [steps[1]] * 3)


def test_dependent_steps_keep_their_order() -> None:
    verdict = ask(case("toy/lost-update"))
    assert merge_runs(verdict.shown[0].events) == verdict.shown[0].finding.schedule


def test_the_last_step_stays_last_when_runs_are_merged() -> None:
    model = case("toy/large").model()
    steps = [(f"worker{i}", f"counter{i}.add") for i in (0, 1, 0, 1, 0)]
    assert merge_runs(replay(model.system, Schedule.of(steps)).events).labels[-1].context == "worker0"


def test_a_finding_that_the_replay_does_not_show_is_a_mismatch() -> None:
    model = case("toy/lost-update").model()
    (property,) = model.select(["T1"])
    harmless = Schedule.of([(c, f"counter.{op}") for c in "ab" for op in ("load", "store")])
    with pytest.raises(ReplayMismatch, match="step 4: expected a violation of T1; enabled: nothing"):
        confirm(model.system, Finding("T1", "counter is 1", harmless), property)


def stuck(settings: Settings) -> Model:
    mutex = Mutex("m")

    async def holder() -> None:
        await mutex.lock()

    return Model(System((mutex,), (Context("a", holder), Context("b", holder))), (DEADLOCK, HANG), (), ())


STUCK = Era("stuck", "", (), {"twice": Scenario("twice", "", "", ("deadlock", "hang"), stuck)})


@pytest.mark.parametrize(("id", "steps"), [("deadlock", ["a: m.lock"]), ("hang", [])])
def test_deadlocks_and_hangs_are_confirmed_too(id: str, steps: list[str]) -> None:
    (shown,) = ask(Case.parse("stuck/twice", {"stuck": STUCK}), (id,)).shown
    assert (shown.finding.property, [str(label) for label in shown.finding.schedule]) == (id, steps)
    assert resolve(str(shown.token), lambda text: Case.parse(text, {"stuck": STUCK})).schedule == shown.finding.schedule


@pytest.mark.parametrize(("id", "word"), [("deadlock", "VIOLATED"), ("hang", "INCONCLUSIVE")])
def test_runs_say_nothing_of_what_goes_on_for_ever(id: str, word: str) -> None:
    verdict = ask(Case.parse("stuck/twice", {"stuck": STUCK}), (id,), Search("random", runs=5))
    assert verdict.word == word
    told = "\nno run shows what goes on for ever (hang); use --strategy states\n"
    assert (told in verdict_text(verdict, Paint())) == (id == "hang")


def test_drivers_that_differ_are_reported_with_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    from aprt.runtime import run

    model = case("toy/lost-update").model()
    honest = run.replay

    def lying(*args: object) -> Execution:
        execution = honest(*args)  # type: ignore[arg-type]
        return attrs.evolve(execution, events=(attrs.evolve(execution.events[0], reply=7), *execution.events[1:]))

    monkeypatch.setattr(run, "replay", lying)
    with pytest.raises(ReplayMismatch) as caught:
        both(model.system, Schedule.of([("a", "counter.load")]), ())
    assert str(caught.value) == (
        "explorer and trio differ at step 0: expected a: counter.load with reply 0; live: a: counter.load with reply 7"
    )


def test_of_a_loop_only_the_way_to_it_is_said_to_be_the_shortest() -> None:
    mutex = Mutex("m")

    async def for_ever() -> None:
        while True:
            await mutex.lock()
            await mutex.unlock()

    turning = Property("turning", "", (Eventually((), lambda view: "it goes on"),))
    found = ask(case_of(System((mutex,), (Context("a", for_ever),)), turning))
    assert (found.word, found.shown[0].finding.loop) == ("VIOLATED", 2)
    assert "size        shortest: no way to such a loop has fewer steps\n" in verdict_text(found, Paint())


def test_of_an_end_that_is_wrong_no_loop_is_said_to_be_longer() -> None:
    """The loop takes three steps with the way to it, and the end five."""
    mutex, choice = Mutex("m"), choose("way", "end", "loop")

    async def either() -> None:
        if await choice == "end":
            for _ in range(2):
                await mutex.lock()
                await mutex.unlock()
        else:
            while True:
                await mutex.trylock()

    never = Property("never", "", (Eventually((), lambda view: "it is not so"),))
    system = System((mutex,), (Context("a", either),))
    first = ask(case_of(system, never))
    every = ask(case_of(system, never), (), Search(stop_on="all"))
    found = [verdict.shown[0].finding for verdict in (first, every)]
    assert [(len(finding.schedule), finding.loop) for finding in found] == [(5, 0), (3, 1)]
    said = "size        shortest: no schedule that ends in a violation has fewer steps\n"
    assert said in verdict_text(first, Paint())


def test_what_a_property_needs_is_said_of_those_that_hold() -> None:
    lost = case("toy/lost-update")
    needing = attrs.evolve(lost.model(), needed=(("T1", "memory"), ("T2", "memory")))
    scenario = Scenario("it", "", "", ("T1", "T2"), lambda settings: needing)
    of = Case.make(Era("of", "", (), {"it": scenario}), scenario)
    assert ask(of, (), Search(stop_on="all")).needed == (("T2", "memory"),)
    assert ask(of, ("T2",)).needed == (("T2", "memory"),)
    assert ask(of, (), Search(bounds=Bounds(max_states=3))).needed == ask(of).needed == ()
