"""Phase 2: what the administrator writes, with every error, and queues that move all or none."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from pyrsistent import pmap

from aprt.vfio_ap.ap.apqn import QueuePointer
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.ap.response import Errno
from aprt.vfio_ap.host.build import GuestPlan
from aprt.vfio_ap.host.sysfs import parse
from aprt.vfio_ap.series.matrix_dev import INSTANCES, MatrixDevState
from aprt.vfio_ap.series.mdev import MdevState
from aprt.vfio_ap.series.mdev_sysfs import assign, assign_control_domain, create, remove, unassign
from aprt.vfio_ap.series.vfio_ap_queue import VfioApQueueState
from tests.vfio_ap.machines import A, B, Bench, broken

EPERM, EBUSY, EEXIST = Errno.EPERM.failure, Errno.EBUSY.failure, Errno.EEXIST.failure
ENODEV, EINVAL, ERANGE = Errno.ENODEV.failure, Errno.EINVAL.failure, Errno.ERANGE.failure
EADDRINUSE, EADDRNOTAVAIL = Errno.EADDRINUSE.failure, Errno.EADDRNOTAVAIL.failure
FA, FB = QueuePointer(A, 1), QueuePointer(B, 1)
NO_SIDE = Matrix()


def bench(*words: str, matrix: Matrix = NO_SIDE, attached: bool = False, **options: Any) -> Bench:
    """Two queues; mdev0 with `matrix`."""
    plan = GuestPlan("vm0", "mdev0", matrix, attached=attached)
    return Bench(*words, apqns=(A, B), plans=(plan,), **options)


def buckets(b: Bench) -> tuple[tuple[QueuePointer, ...], tuple[QueuePointer, ...], str | None, str | None]:
    """The free list, the list of mdev0, and which mdev each queue says it is in."""
    objects = (b[b.machine.queues[apqn].object].mdev for apqn in (A, B))
    return (b[b.machine.matrix_dev].free_list, b[b.guest.mdev].qlist, *objects)


def test_the_error_numbers_are_those_of_the_kernel() -> None:
    assert (EPERM, EBUSY, EEXIST, ENODEV, EINVAL, ERANGE) == (-1, -16, -17, -19, -22, -34)
    assert (EADDRINUSE, EADDRNOTAVAIL) == (-98, -99)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("5", 5),
        ("0x1f", 31),
        ("0XaB\n", 171),
        ("+7", 7),
        ("010", 8),
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", ERANGE),
        ("0x10000000000000000", ERANGE),
        ("", EINVAL),
        ("\n", EINVAL),
        ("-1", EINVAL),
        ("0x", EINVAL),
        ("08", EINVAL),
        ("0b1", EINVAL),
        ("0o7", EINVAL),
        ("1_0", EINVAL),
        (" 5", EINVAL),
        ("5 ", EINVAL),
        ("5\n\n", EINVAL),
        ("\u0665", EINVAL),
        ("five", EINVAL),
    ],
)
def test_numbers_are_read_as_kstrtoul_reads_them(text: str, number: int) -> None:
    assert parse(text) == number


def test_an_mdev_is_created_once_and_removed() -> None:
    b = bench(spare_mdevs=("mdev7",))
    spare = b.machine.mdev("mdev7")
    assert b.run(create(b.machine, spare)) == 0
    assert (b[spare], b[b.machine.matrix_dev].mdevs) == (MdevState(live=True), ("mdev0", "mdev7"))
    before = b.states
    assert b.run(create(b.machine, spare)) == EEXIST
    assert b.states == before
    assert b.run(remove(b.machine, spare)) == 0
    assert (b[spare], b[b.machine.matrix_dev].mdevs) == (MdevState(live=False), ("mdev0",))


def test_no_instance_left_is_eperm_and_nothing_is_made() -> None:
    b = bench(spare_mdevs=("mdev7",))
    b[b.machine.matrix_dev] = MatrixDevState(tuple(f"m{n}" for n in range(INSTANCES)))
    before = b.states
    assert b.run(create(b.machine, b.machine.mdev("mdev7"))) == EPERM
    assert b.states == before


def test_removing_an_mdev_resets_its_queues_and_gives_them_back() -> None:
    b = bench(matrix=Matrix.of([5], [4, 5]))
    b.hw(requests=1, user="vm0")
    assert buckets(b) == ((), (FA, FB), "mdev0", "mdev0")
    assert b.run(remove(b.machine, b.guest.mdev)) == 0
    assert buckets(b) == ((FA, FB), (), None, None)
    assert b[b.machine.matrix_dev].mdevs == ()
    assert (b[b.guest.mdev].live, b[b.queue.hw].user, b[b.queue.hw].requests) == (False, None, 0)


def test_removing_an_mdev_waits_until_the_device_is_closed() -> None:
    b = bench(matrix=Matrix.of([5], [4]), attached=True)
    before = b.states
    b.run(remove(b.machine, b.guest.mdev))
    assert (b.ending, b.waiting, b.states) == ("deadlock", (("me", "mdev0.wait_closed"),), before)


def test_an_adapter_without_domains_only_sets_its_bit() -> None:
    b = bench()
    assert b.run(assign(b.machine, b.guest.mdev, "apm", "5")) == 0
    assert b[b.guest.mdev] == MdevState(True, Matrix.of([5]))
    assert buckets(b) == ((FA, FB), (), None, None)
    assert b.operations == [
        "mdev0.read_kvm",
        "matrix_lock.lock",
        "mdev0.read_matrix",
        "mdev0.set_bit",
        "matrix_lock.unlock",
    ]


def test_queues_move_when_the_other_dimension_comes() -> None:
    b = bench()
    for number in ("4", "0x5"):
        assert b.run(assign(b.machine, b.guest.mdev, "aqm", number)) == 0
    assert b.run(assign(b.machine, b.guest.mdev, "apm", "5")) == 0
    assert b[b.guest.mdev] == MdevState(True, Matrix.of([5], [4, 5]), qlist=(FA, FB))
    assert buckets(b) == ((), (FA, FB), "mdev0", "mdev0")


@pytest.mark.parametrize(("words", "error"), [((), EADDRNOTAVAIL), (("EADDRINUSE",), EADDRINUSE)])
def test_all_queues_move_or_none(words: tuple[str, ...], error: int) -> None:
    b = bench(*(f"assign_errno={word}" for word in words), matrix=Matrix.of([], [4, 5]), unbound=(B,))
    before = b.states
    assert b.run(assign(b.machine, b.guest.mdev, "apm", "5")) == error
    assert b.states == before
    assert buckets(b) == ((FA,), (), None, None)


def test_what_another_mdev_has_is_not_on_the_free_list() -> None:
    plans = [GuestPlan(f"vm{i}", f"mdev{i}", matrix, attached=False) for i, matrix in enumerate(_MATRICES)]
    b = Bench(apqns=(A, B), plans=plans)
    before = b.states
    assert b.run(assign(b.machine, b.guest.mdev, "apm", "5")) == EADDRNOTAVAIL
    assert b.states == before


_MATRICES = (Matrix.of([], [4, 5]), Matrix.of([5], [5]))


@pytest.mark.parametrize("dimension", ["apm", "aqm"])
def test_assigning_again_changes_nothing(dimension: Any) -> None:
    b = bench(matrix=Matrix.of([5], [4]))
    before = b.states
    assert b.run(assign(b.machine, b.guest.mdev, dimension, "5" if dimension == "apm" else "4")) == 0
    assert b.states == before


def test_the_mutant_assign_twice_inserts_again() -> None:
    b = bench("assign_twice", matrix=Matrix.of([5], [4]))
    assert b.run(assign(b.machine, b.guest.mdev, "apm", "5")) == 0
    assert b[b.guest.mdev].qlist == (FA, FA)


@pytest.mark.parametrize(
    ("dimension", "number", "matrix", "free", "left"),
    [
        ("apm", "5", Matrix.of([], [4, 5]), (FA, FB), ()),
        ("aqm", "4", Matrix.of([5], [5]), (FA,), (FB,)),
        ("aqm", "5", Matrix.of([5], [4]), (FB,), (FA,)),
        ("aqm", "9", Matrix.of([5], [4, 5]), (), (FA, FB)),
    ],
)
def test_unassigning_gives_the_queues_of_that_number_back_without_a_reset(
    dimension: Any, number: str, matrix: Matrix, free: tuple[QueuePointer, ...], left: tuple[QueuePointer, ...]
) -> None:
    b = bench(matrix=Matrix.of([5], [4, 5]))
    b.hw(requests=1, user="vm0")
    hardware = b[b.queue.hw]
    assert b.run(unassign(b.machine, b.guest.mdev, dimension, number)) == 0
    objects = tuple("mdev0" if found in left else None for found in (FA, FB))
    assert (b[b.guest.mdev], buckets(b)) == (MdevState(True, matrix, qlist=left), (free, left, *objects))
    assert b[b.queue.hw] == hardware


def test_control_domains_are_only_bits() -> None:
    b = bench(matrix=Matrix.of([5], [4]))
    mdev = b[b.guest.mdev]
    assert b.run(assign_control_domain(b.machine, b.guest.mdev, "0xff")) == 0
    assert b[b.guest.mdev] == attrs.evolve(mdev, matrix=Matrix.of([5], [4], [255]))
    before = b.states
    assert b.run(assign_control_domain(b.machine, b.guest.mdev, "255")) == 0
    assert b.states == before
    assert b.run(assign_control_domain(b.machine, b.guest.mdev, "255", assigned=False)) == 0
    assert b[b.guest.mdev] == mdev
    assert b.run(assign_control_domain(b.machine, b.guest.mdev, "7", assigned=False)) == 0
    assert b[b.guest.mdev] == mdev


def write(b: Bench, operation: str, text: str) -> int:
    """A write to one of the six attributes of mdev0."""
    verb, dimension = operation.split()
    mdev = b.guest.mdev
    result: int
    match verb, dimension:
        case _, "adm":
            result = b.run(assign_control_domain(b.machine, mdev, text, verb == "assign"))
        case "assign", ("apm" | "aqm") as queues:
            result = b.run(assign(b.machine, mdev, queues, text))
        case _, ("apm" | "aqm") as queues:
            result = b.run(unassign(b.machine, mdev, queues, text))
        case _:
            raise AssertionError(operation)
    return result


OPERATIONS = [f"{verb} {dimension}" for verb in ("assign", "unassign") for dimension in ("apm", "aqm", "adm")]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("text", "error"),
    [("x", EINVAL), ("", EINVAL), ("-5", EINVAL), ("99999999999999999999", ERANGE), ("256", ENODEV), ("0x100", ENODEV)],
)
def test_a_number_that_is_none_changes_nothing(operation: str, text: str, error: int) -> None:
    b = bench(matrix=Matrix.of([5], [4, 5], [3]))
    before = b.states
    assert write(b, operation, text) == error
    assert (b.states, b.operations) == (before, ["mdev0.read_kvm"])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_highest_numbers_are_those_of_the_machine(operation: str) -> None:
    b = bench()
    b.machine = attrs.evolve(b.machine, bus=attrs.evolve(b.machine.bus, max_adapter=63, max_domain=15))
    highest = 63 if operation.endswith("apm") else 15
    assert (write(b, operation, str(highest)), write(b, operation, str(highest + 1))) == (0, ENODEV)


@pytest.mark.parametrize("words", [(), ("kvm_test_locked",)], ids=["unlocked", "locked"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_mdev_with_a_vm_is_busy_and_stays_as_it_is(operation: str, words: tuple[str, ...]) -> None:
    b = bench(*words, matrix=Matrix.of([5], [4]), attached=True)
    before = b.states
    assert write(b, operation, "5") == EBUSY
    assert b.states == before
    locked = ["matrix_lock.lock", "mdev0.read_kvm", "matrix_lock.unlock"]
    assert b.operations == (locked if words else ["mdev0.read_kvm"])


@pytest.mark.parametrize(("words", "error"), [((), EBUSY), (("kvm_test_locked",), EINVAL)])
def test_the_unlocked_test_comes_before_the_number_is_read(words: tuple[str, ...], error: int) -> None:
    b = bench(*words, matrix=Matrix.of([5], [4]), attached=True)
    assert write(b, "assign apm", "x") == error


def test_assigning_and_unassigning_race_with_the_removal_of_the_queue() -> None:
    assert broken("assign") == set()
    assert broken("assign+assign_twice") == {"P13", "P14"}
    assert broken("assign+remove_unlocked") == {"P9", "P14"}


def test_a_free_queue_is_found_in_the_order_asked() -> None:
    b = bench()
    assert b.do(b.machine.matrix_dev.find((B, A))) == (FB, FA)
    assert b.do(b.machine.matrix_dev.take(B)) == FB
    assert b.do(b.machine.matrix_dev.take(B)) is None
    assert b[b.queue.object] == VfioApQueueState(True, 1)
    assert b[b.guest.memory].pins == pmap()
