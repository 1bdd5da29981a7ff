"""Tables as functions from values: a machine brought into a state, and the cells that tell it."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from pyrsistent import pmap, pset
from rich.box import ROUNDED

from aprt.core.caller import Caller
from aprt.core.events import Event
from aprt.core.notes import Hold, Oops
from aprt.core.schedule import Label
from aprt.core.system import Context, System
from aprt.kernel.mutex import Mutex, MutexState
from aprt.kernel.rwsem import RwSem, RwSemState
from aprt.kernel.spinlock import Spinlock
from aprt.runtime.ledger import Snapshot
from aprt.vfio_ap.ap.apqn import Apqn, QueuePointer
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.module import ModuleState
from aprt.vfio_ap.ap.queue_state import ApQueueState, Change, Target
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.host.hardware import hardware
from aprt.vfio_ap.kvm.crycb import CrycbState
from aprt.vfio_ap.kvm.gib import GibState
from aprt.vfio_ap.kvm.gisa import GisaState
from aprt.vfio_ap.kvm.gisa_int import GisaIntState
from aprt.vfio_ap.kvm.kvm import KvmState
from aprt.vfio_ap.kvm.vcpu import VcpuState
from aprt.vfio_ap.memory import MemoryState
from aprt.vfio_ap.process import ProcessState
from aprt.vfio_ap.series.build import make_machine, states
from aprt.vfio_ap.series.mdev import MdevState
from aprt.vfio_ap.series.vfio_ap_queue import Saved, VfioApQueueState
from aprt.vfio_ap.v4.era import V4
from aprt.view.tables import tables_of
from aprt.view.tables.drawing import Ready, draw
from aprt.view.tables.kinds import Picture
from aprt.view.tables.mdevs import matrix
from aprt.view.tables.sheet import DULL, FIRST, NEXT, Cell, Column, Sheet, listed, plain
from tests.runtime.systems import Counter, abba
from tests.view.pictures import initial, kind, printed, rows

A, B = Apqn(5, 4), Apqn(5, 0xAB)
TARGET = Target("vm0", 0x3F00, "vm0.gisa", 3, 5)


def machine() -> System:
    """One VM with two queues of which one is in its mdev, attached."""
    settings = V4.settings(V4.scenario("kill-qemu"))
    plans = (GuestPlan("vm0", "mdev0", Matrix.of([5], [4])),)
    made = make_machine(settings, (A, B), plans)
    return System(made.actors(), tuple(hardware(made)), states(made, plans))


def cells(title: str, lived: str = "", **changed: Any) -> list[dict[str, str]]:
    """The rows of one table of `machine` with these states; in names `_` stands for a blank, `__` for a dot.

    lived: what was alive before.
    """
    system = machine()
    found = kind(system, title)
    named = {name.replace("__", ".").replace("_", " "): state for name, state in changed.items()}
    assert {actor.name for actor in system.actors} >= set(named)
    return rows(found.sheet(initial(system, named, frozenset(lived.split()))))


def test_every_actor_is_in_a_table_and_none_is_in_the_rest() -> None:
    system = machine()
    kinds = tables_of(system)
    assert [k.title for k in kinds] == [
        "contexts",
        "queues",
        "gisa",
        "vms",
        "mdevs",
        "gib",
        "vcpus",
        "driver",
        "ap bus",
        "locks",
        "mailboxes",
        "last steps",
    ]
    assert {actor.name for k in kinds for actor in k.actors} == {actor.name for actor in system.actors}


def test_a_system_of_other_actors_has_contexts_actors_mailboxes_and_steps() -> None:
    system = System((Counter("n"), Mutex("m")), (Context("c", lambda: None),))  # type: ignore[arg-type, return-value]
    assert [k.title for k in tables_of(system)] == ["contexts", "locks", "actors", "mailboxes", "last steps"]
    assert rows(kind(system, "actors").sheet(initial(system))) == [{"ACTOR": "n", "STATE": "Count()"}]


@pytest.mark.parametrize(
    ("hw", "told"),
    [
        (ApQueueState(), {"IRQ": "off", "CARD": "on"}),
        (
            ApQueueState(irq=TARGET, requests=1, replies=2, user="vm0"),
            {"IRQ": "on", "CARD": "on", "AIMED AT": "vm0.gisa", "ISC": "3", "NIB": "0x3f00"}
            | {"REQ/REP": "1/2", "DATA OF": "vm0"},
        ),
        (
            ApQueueState(pending_irq=Change(TARGET)),
            {"IRQ": "off -> on", "CARD": "on", "AIMED AT": "vm0.gisa", "ISC": "3", "NIB": "0x3f00"},
        ),
        (
            ApQueueState(irq=TARGET, effect=TARGET),
            {"IRQ": "on, tells", "CARD": "on", "AIMED AT": "vm0.gisa", "ISC": "3", "NIB": "0x3f00"},
        ),
        (
            ApQueueState(irq=TARGET, pending_irq=Change(None), pending_reset="ZAPQ"),
            {"IRQ": "on -> off", "CARD": "ZAPQ runs", "AIMED AT": "vm0.gisa", "ISC": "3", "NIB": "0x3f00"},
        ),
        (ApQueueState(cfg="absent"), {"IRQ": "off", "CARD": "absent"}),
        (ApQueueState(chkstop=True), {"IRQ": "off", "CARD": "checkstop"}),
    ],
)
def test_a_queue_tells_what_its_hardware_is_set_to(hw: ApQueueState, told: dict[str, str]) -> None:
    where = {"QUEUE": "05.0004", "DRIVER": "vfio_ap", "BUCKET": "mdev0", "REQ/REP": "0/0"}
    assert cells("queues", hw_05__0004=hw)[0] == where | told


def test_a_queue_tells_its_record_and_that_its_gisa_is_freed() -> None:
    first, second = cells(
        "queues",
        hw_05__0004=ApQueueState(irq=TARGET),
        q_05__0004=VfioApQueueState(True, 1, Saved("vm0", 6, 0x4010), "mdev0"),
        vm0__gisa=GisaState("vm0.gisa", live=False),
    )
    assert (first["RECORD"], first["AIMED AT"]) == ("6 0x4010", "vm0.gisa FREED")
    assert (second["QUEUE"], second["BUCKET"], "RECORD" in second) == ("05.00ab", "free list", False)


def test_queues_that_notify_come_first_and_those_of_no_guest_last() -> None:
    system = machine()
    assert kind(system, "queues").sheet(initial(system)).ranks == (NEXT, DULL)
    for busy in (ApQueueState(irq=TARGET), ApQueueState(requests=1), ApQueueState(pending_reset="ZAPQ")):
        on = initial(system, {"hw 05.00ab": busy})
        assert kind(system, "queues").sheet(on).ranks == (NEXT, FIRST)


def test_an_mdev_tells_its_matrix_its_vm_and_its_queues() -> None:
    state = MdevState(
        True, Matrix.of([5, 6], [4, 0xAB], [1]), "vm0", True, True, (QueuePointer(A, 1), QueuePointer(B, 1))
    )
    assert cells("mdevs", mdev0=state) == [
        {
            "MDEV": "mdev0",
            "LIFE": "live",
            "MATRIX": "05,06 x 0004,00ab ctl 0001",
            "VM": "vm0 leaves",
            "OPENED": "yes",
            "QUEUES": "05.0004 05.00ab",
        }
    ]
    assert cells("mdevs", mdev0=MdevState()) == [{"MDEV": "mdev0", "LIFE": "not yet", "OPENED": "no"}]
    assert cells("mdevs", "mdev0", mdev0=MdevState()) == [{"MDEV": "mdev0", "LIFE": "FREED", "OPENED": "no"}]


def test_a_matrix_shortens_runs_of_three_and_more() -> None:
    assert matrix(Matrix.of([0, 1, 2, 3, 5, 6], range(256))) == "00-03,05,06 x 0000-00ff"
    assert (matrix(Matrix()), matrix(Matrix.of([5]))) == ("", "05 x -")


def test_gisa_and_gib_tell_masks_in_binary_and_follow_the_alert_list() -> None:
    gisa = GisaState("0", ipm=0x10, iam=0x80, running=(("vm0.vcpu0", 0xFF),))
    record = GisaIntState("vm0.gisa", 0x90, (1, 0, 0, 2, 0, 0, 0, 0), "armed", ("vm0.vcpu0",), ("vm0.vcpu1",))
    system = machine()
    sheet = kind(system, "gisa").sheet(initial(system, {"vm0.gisa": gisa, "vm0.gisa_int": record}))
    assert rows(sheet)[0] == {
        "GISA": "vm0.gisa",
        "LIFE": "live",
        "IPM": "00010000",
        "IAM": "10000000",
        "ALERT MASK": "10010000",
        "REFS": "isc0:1 isc3:2",
        "NEXT ALERT": "0",
        "TIMER": "armed",
        "IDLE": "vm0.vcpu1",
        "KICKED": "vm0.vcpu0",
        "IN SIE": "vm0.vcpu0",
    }
    assert cells("gib", gib=GibState("vm0.gisa", gal=True), vm0__gisa=gisa) == [
        {"GIB": "gib", "ALERTS": "listed", "LIST": "vm0.gisa -> 0", "INTERRUPT": "pending"}
    ]
    assert cells("gib", gib=GibState("1")) == [{"GIB": "gib", "ALERTS": "silent", "LIST": "1", "INTERRUPT": "none"}]


def test_an_alert_list_that_bites_its_tail_is_shown_once() -> None:
    gisa = GisaState("vm0.gisa")
    assert cells("gib", gib=GibState("vm0.gisa"), vm0__gisa=gisa)[0]["LIST"] == "vm0.gisa -> vm0.gisa"


def test_a_freed_gisa_says_so_in_a_word_and_in_red() -> None:
    system = machine()
    freed = initial(system, {"vm0.gisa": GisaState("vm0.gisa", live=False)}, frozenset({"vm0.gisa"}))
    sheet = kind(system, "gisa").sheet(freed)
    assert (sheet.rows[0][1].plain, sheet.rows[0][1].style) == ("FREED", "bold red")


def test_a_vm_tells_its_users_its_hook_its_memory_and_its_process() -> None:
    process = ProcessState(pmap({"vm": "vm", "device": "device"}), pmap(), ("vm0.vcpu0",), killed=True)
    told = cells(
        "vms",
        "vm0",
        vm0=KvmState(0, live=False, hook="7c9e3d14-9a1f-4b52-8c11-0d3a5f1e2b60"),
        vm0__crycb=CrycbState(apcb=Matrix.of([5], [4])),
        vm0__memory=MemoryState(pset([3, 4]), pmap({3: 2}), pset([0x3F00])),
        vm0__process=process,
    )
    assert told == [
        {
            "VM": "vm0",
            "LIFE": "FREED",
            "USERS": "0",
            "HOOK": "7c9e3d14",
            "APCB": "05 x 0004",
            "GROUP": "vm0",
            "PINNED": "0x3:2",
            "PROCESS": "killed",
            "FILES": "device vm",
            "NIB SET": "0x3f00",
        }
    ]


@pytest.mark.parametrize(
    ("files", "threads", "killed", "told"),
    [
        (("vm",), ("vm0.vcpu0",), False, "runs"),
        (("vm",), (), False, "vcpus ended"),
        ((), (), False, "files closed"),
        (("vm",), ("vm0.vcpu0",), True, "killed"),
        (("vm",), (), True, "killed, closing"),
        ((), (), True, "killed, gone"),
    ],
)
def test_a_process_tells_what_it_is_at(
    files: tuple[str, ...], threads: tuple[str, ...], killed: bool, told: str
) -> None:
    state = ProcessState(pmap({name: name for name in files}), pmap(), threads, killed)
    assert cells("vms", vm0__process=state)[0]["PROCESS"] == told


def test_a_vm_that_is_not_there_yet_has_no_process_and_no_gisa() -> None:
    (vm,) = cells("vms", vm0=KvmState(0, live=False))
    assert (vm["LIFE"], "PROCESS" in vm) == ("not yet", False)
    assert cells("gisa", vm0=KvmState(0, live=False))[0]["LIFE"] == "not yet"


def test_a_vcpu_tells_its_answer_or_its_exception() -> None:
    assert cells("vcpus", vm0__vcpu0=VcpuState(3, 0x0B, cr6=0x10, sleep="asleep")) == [
        {"VCPU": "vm0.vcpu0", "CPU": "asleep", "CC": "3", "RC": "0b", "OPEN": "00010000"}
    ]
    assert cells("vcpus", vm0__vcpu0=VcpuState(exception=True, io_open=False)) == [
        {"VCPU": "vm0.vcpu0", "CPU": "awake", "RC": "exception", "OPEN": "00000000"}
    ]


def test_the_driver_tells_whether_its_module_is_there() -> None:
    system = machine()
    gone = initial(system, {"vfio_ap.ko": ModuleState(live=False)}, frozenset({"vfio_ap.ko"}))
    assert rows(kind(system, "driver").sheet(gone)) == [
        {"MODULE": "vfio_ap.ko", "STATE": "unloaded", "REFS": "0", "FREE LIST": "05.00ab", "MDEVS": "mdev0"}
    ]
    assert rows(kind(system, "ap bus").sheet(gone)) == [{"BUS": "ap_bus", "CONFIGURED": "05 x 0004,00ab"}]


def crowd() -> Picture:
    """Three locks, with holders and waiters of every sort."""
    held = {"A": MutexState("left"), "R": RwSemState(("left", "other")), "S": Spinlock("S").initial()}
    boxes = {"A": ("right: A.lock", "other: A.lock"), "R": (), "S": ()}
    callers = {name: Caller(name) for name in ("right", "other")} | {
        "left": Caller("left", (Hold("A"), Hold("R", "read")))
    }
    doing = {"left": "S.lock", "right": "A.lock", "other": "A.lock"}
    return Picture(Snapshot(held, callers, {"right": "A.lock"}, boxes, 2, doing))


CROWD = System((Mutex("A"), RwSem("R"), Spinlock("S")), ())


def test_locks_tell_who_holds_and_who_is_blocked_and_count_the_free_ones() -> None:
    assert rows(kind(CROWD, "locks").sheet(crowd())) == [
        {"LOCK": "A", "HELD BY": "left", "WAITING": "right"},
        {"LOCK": "R", "HELD BY": "left (read) other (read)"},
        {"LOCK": "1 free", "HELD BY": "", "WAITING": ""},
    ]


def test_mailboxes_tell_their_length_and_the_oldest_request() -> None:
    assert rows(kind(CROWD, "mailboxes").sheet(crowd())) == [{"MAILBOX": "A", "N": "2", "OLDEST": "right: lock"}]


def event(context: str, op: str, **more: Any) -> Event:
    values: dict[str, Any] = {
        "index": 7,
        "label": Label(context, op),
        "actor": op.rpartition(".")[0] or None,
        "args": (),
        "reply": None,
        "notes": (),
        "state": None,
        "changed": False,
        "caller": Caller(context),
        "chain": (),
    }
    return Event(**values | more)


def test_contexts_tell_state_next_step_function_and_locks() -> None:
    names = ("left", "right", "other", "lazy", "done")
    system = System((), tuple(Context(name, abba().contexts[0].start, name == "lazy") for name in names))
    last = event("left", "A.lock", chain=("work", "take", "_helper"))
    before = crowd().snapshot
    shot = attrs.evolve(
        before,
        callers={**before.callers, "lazy": Caller("lazy"), "done": Caller("done")},
        waiting={"right": "A.lock", "lazy": "q.get"},
        doing={**before.doing, "lazy": "q.get"},
    )
    sheet = kind(system, "contexts").sheet(Picture(shot, (last,), {"left": last, "done": last}))
    assert rows(sheet) == [
        {
            "CONTEXT": "> left",
            "STATE": "ready",
            "NEXT, OR WAITS FOR": "S.lock",
            "LAST IN": "take()",
            "HOLDS": "A R (read)",
        },
        {"CONTEXT": "  right", "STATE": "waits", "NEXT, OR WAITS FOR": "A.lock"},
        {"CONTEXT": "  other", "STATE": "ready", "NEXT, OR WAITS FOR": "A.lock"},
        {"CONTEXT": "  lazy", "STATE": "idle", "NEXT, OR WAITS FOR": "q.get"},
        {"CONTEXT": "  done", "STATE": "done"},
    ]
    assert sheet.ranks == (FIRST, NEXT, NEXT, DULL, DULL)


def test_the_log_tells_replies_choices_and_what_broke() -> None:
    events = (
        event("a", "n.add", args=(1,), reply=3),
        event("a", "choose door=2", actor=None, reply=2),
        event("b", "n.poke", notes=(Oops("O1", "poked"),)),
    )
    assert rows(kind(CROWD, "last steps").sheet(Picture(crowd().snapshot, events))) == [
        {"STEP": "7", "CONTEXT": "a", "OPERATION": "n.add(1)", "REPLY": "3"},
        {"STEP": "7", "CONTEXT": "a", "OPERATION": "choose door=2"},
        {"STEP": "7", "CONTEXT": "b", "OPERATION": "n.poke()", "REPLY": "O1"},
    ]


def sheet(count: int = 1, **more: Any) -> Sheet:
    columns = (Column("NAME"), Column("EXTRA", drop=1), Column("MORE", drop=2), Column("N", right=True))
    cells = tuple((Cell(f"row {i}"), Cell("extra"), Cell("lots more"), Cell(str(i))) for i in range(count))
    return Sheet("things", columns, cells, **more)


def test_columns_are_dropped_by_rank_and_then_the_widest_is_cropped() -> None:
    assert sheet().width == 26
    assert sheet().fitted(26) == {0: 5, 1: 5, 2: 9, 3: 1}
    assert sheet().fitted(25) == {0: 5, 1: 5, 3: 1}
    assert sheet().fitted(14) == {0: 5, 3: 1}
    long = Sheet("t", (Column("A"), Column("B")), ((Cell("abcdefghijkl"), Cell("x")),))
    assert printed(Ready(draw(long, 12, 1)), 40) == ["A          B", "abcdefg..  x"]


def test_a_frame_has_the_width_and_the_rows_it_is_given() -> None:
    assert printed(Ready(draw(sheet(2), 30, 3, ROUNDED)), 40) == [
        "╭─ things ───────────────────╮",
        "│ NAME   EXTRA  MORE       N │",
        "│ row 0  extra  lots more  0 │",
        "│ row 1  extra  lots more  1 │",
        "│                            │",
        "╰────────────────────────────╯",
    ]


def test_rows_that_do_not_fit_are_counted_dull_ones_first() -> None:
    ranked = sheet(5, ranks=(DULL, NEXT, DULL, NEXT, FIRST))
    assert printed(Ready(draw(ranked, 12, 4)), 40) == [
        "NAME   N",
        "row 1  1",
        "row 3  3",
        "row 4  4",
        "+2 more",
    ]
    assert printed(Ready(draw(ranked, 12, 2)), 40)[1:] == ["row 4  4", "+4 more"]


def test_a_log_keeps_its_newest_rows() -> None:
    assert printed(Ready(draw(sheet(5, newest=True), 12, 2)), 40)[1:] == ["row 3  3", "row 4  4"]


def test_dull_rows_do_not_make_a_table_higher_than_enough() -> None:
    assert [sheet(20, ranks=(NEXT,) * n + (DULL,) * (20 - n)).height for n in (0, 11, 15, 20)] == [12, 12, 16, 20]


def test_lists_are_cut_and_uuids_shortened() -> None:
    assert listed(range(4)).plain == "0 1 2 3"
    assert listed(range(9)).plain == "0 1 2 +6 more"
    uuid = "7c9e3d14-9a1f-4b52-8c11-0d3a5f1e2b60"
    assert listed([uuid, "free-list"]).plain == "7c9e3d14 free-list"
    assert plain(f"{uuid}.assign({uuid})").plain == "7c9e3d14.assign(7c9e3d14)"
    assert plain("a-list-of-words-that-is-as-long-as-a-uuid").plain == "a-list-of-words-that-is-as-long-as-a-uuid"
