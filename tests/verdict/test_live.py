import trio

from aprt.core.events import Event
from aprt.runtime.stage import Stage
from aprt.verdict.case import Case
from aprt.verdict.live import Plan, count_hits, run_live
from tests.explore.programs.lock_order import either
from tests.toy import ERAS

LOST = Case.parse("toy/lost-update", ERAS).model()
T1 = LOST.select(["T1"])
LARGE = Case.parse("toy/large", ERAS).model()


def test_the_same_seed_gives_the_same_gated_execution() -> None:
    for mode in ("gated", "chaos"):
        first, second = (run_live(LARGE.system, (), Plan(mode, seed=7)) for _ in range(2))
        assert first == second
        assert (len(first.execution.events), first.execution.ending) == (72, "end")


def test_a_plan_ends_with_the_first_seed_that_breaks_something() -> None:
    live = run_live(LOST.system, T1, Plan("gated", seed=0, runs=50))
    assert [f.property for f in live.execution.findings] == ["T1"]
    assert live.runs == live.seed + 1 < 50
    before = run_live(LOST.system, T1, Plan("gated", seed=0, runs=live.runs - 1))
    assert before.execution.findings == ()


def test_a_run_without_a_finding_does_all_its_seeds() -> None:
    live = run_live(LARGE.system, LARGE.properties, Plan("gated", seed=5, runs=3))
    assert (live.seed, live.runs, live.stopped) == (7, 3, False)


def test_a_run_is_cut_when_asked_to_stop() -> None:
    seen: list[Event] = []
    live = run_live(LARGE.system, (), Plan("gated", runs=9), on_event=seen.append, stop=lambda: len(seen) == 10)
    assert (live.stopped, live.runs, live.execution.ending) == (True, 1, "cut")
    assert live.execution.events[:10] == tuple(seen[:10])


def test_a_view_may_look_at_the_stage_meanwhile_and_ends_with_it() -> None:
    looked: list[int] = []

    async def beside(stage: Stage) -> None:
        try:
            while True:
                looked.append(stage.snapshot().steps)
                await trio.lowlevel.checkpoint()
        finally:
            looked.append(-1)

    run_live(LARGE.system, (), Plan("gated"), beside=beside)
    assert looked[-1] == -1
    assert max(looked) > 10


def test_hits_are_counted_over_the_whole_plan() -> None:
    hits = count_hits("gated", LOST.system, T1, Plan("gated", seed=0, runs=20))
    alone = [bool(run_live(LOST.system, T1, Plan("gated", seed=s)).execution.findings) for s in range(20)]
    assert (hits.hits, hits.runs, hits.first) == (sum(alone), 20, 1 + alone.index(True))


def test_a_circle_that_only_the_runs_together_show_is_told_behind_what_the_last_one_shows() -> None:
    one_order = run_live(either(), (), Plan("gated", seed=0, runs=1, detect=("lock-order",)))
    both = run_live(either(), (), Plan("gated", seed=0, runs=20, detect=("lock-order",)))
    assert one_order.detected == ()
    (circle,) = both.detected
    assert circle.text == "possible circular locking dependency: A -> B -> A"
    assert sorted(site.index is None for site in circle.sites) == [False, True]
