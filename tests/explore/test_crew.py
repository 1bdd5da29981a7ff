"""Crews of processes: each piece is done once, whoever dies over it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import distributed
import pytest

import aprt
from aprt.core.errors import ReplayMismatch, UserError, WorkersLost
from aprt.explore.parallel.cluster import ClusterCrew, running_loop
from aprt.explore.parallel.crew import Crew, scatter
from aprt.explore.parallel.local import LocalCrew
from aprt.view.version import aprt_version
from tests.explore import work

# distributed leaves a socket to the garbage collector when it looks for a port
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(params=["local", "cluster"])
def crew(request: pytest.FixtureRequest) -> Iterator[Crew]:
    if request.param == "local":
        with LocalCrew(2) as local:
            yield local
    else:
        with ClusterCrew(request.getfixturevalue("address"), aprt_version, work.PATIENCE) as cluster:
            yield cluster


def test_every_piece_is_done_once(crew: Crew) -> None:
    assert crew.seats == 2
    assert sorted(scatter(crew, work.square, range(20))) == [(n, n * n) for n in range(20)]


def test_two_other_processes_do_the_work(crew: Crew) -> None:
    workers = {crew.submit(seat, work.process, 0).result() for seat in (0, 1)}
    assert len(workers) == 2
    assert os.getpid() not in workers


def test_what_the_work_raises_is_raised_with_all_it_says(crew: Crew) -> None:
    with pytest.raises(ReplayMismatch) as told:
        crew.submit(0, work.refuse, "vcpu0").result()
    assert (told.value.step, told.value.expected, told.value.enabled) == (3, "vcpu0 to go on", ("left: A.lock",))


def test_a_seat_works_off_what_it_is_sent_in_order() -> None:
    with LocalCrew(1) as crew:
        tasks = [crew.submit(0, work.square, n) for n in range(4)]
        assert tasks[3].result() == 9
        assert all(task.done for task in tasks)
        assert crew.wait(tasks[:2]) == set(tasks[:2])


def test_waiting_ends_when_the_time_is_over() -> None:
    with LocalCrew(1) as crew:
        never = crew.submit(0, time.sleep, 3600)
        assert crew.wait([never], 0.01) == set()


# this process has the threads of pytest-xdist
FORKS = """
import {more}
import tests.toy
from aprt.explore.parallel.local import LocalCrew
from tests.explore import work
with LocalCrew(2) as crew:
    print([crew.submit(seat, work.imported, "tests.toy").result() for seat in (0, 1)])
"""


@pytest.mark.parametrize(("more", "forked"), [("aprt", True), ("tests.explore.thread", False)])
def test_workers_know_what_was_imported_before_unless_there_are_threads(more: str, forked: bool) -> None:
    program = [sys.executable, "-W", "error", "-c", FORKS.format(more=more)]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"{[forked, forked]}\n", "")


KILLED = """
import os, signal
from aprt.explore.parallel.local import LocalCrew
from tests.explore import work
with LocalCrew(2) as crew:
    for seat in (0, 1):
        crew.submit(seat, work.square, 2).result()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_workers_end_when_whoever_sends_the_work_is_killed() -> None:
    program = subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE)
    program.communicate()  # until the last of them has closed it
    assert program.returncode == -signal.SIGKILL


def test_a_seat_stays_with_its_process(crew: Crew) -> None:
    first, second = (crew.submit(1, work.process, n).result() for n in (1, 2))
    assert first == second


def test_a_worker_that_is_killed_costs_its_piece_only(crew: Crew, tmp_path: Path) -> None:
    marker = tmp_path / "died"
    done = scatter(crew, work.die_once, [(marker, n) for n in range(8)])
    assert sorted(n for _, n in done) == [n * n for n in range(8)]
    assert marker.exists()


def test_pieces_may_come_up_on_the_way() -> None:
    todo = [3]

    class Growing:
        def __iter__(self) -> Growing:
            return self

        def __next__(self) -> int:
            if not todo:
                raise StopIteration
            return todo.pop()

    results = []
    with LocalCrew(2) as crew:
        for piece, result in scatter(crew, work.square, Growing()):
            results.append(result)
            if piece:
                todo.append(piece - 1)
    assert results == [9, 4, 1, 0]


def test_a_piece_that_kills_every_worker_is_told() -> None:
    with LocalCrew(1) as crew, pytest.raises(UserError, match="3 workers died over 7"):
        list(scatter(crew, work.die, [7]))


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("nowhere", "'nowhere': missing port number in address 'nowhere' (its address is like tcp://127.0.0.1:8786)"),
        ("", "'': missing port number in address '' (its address is like tcp://127.0.0.1:8786)"),
        (
            "here:x",
            "'here:x': invalid literal for int() with base 10: 'x' (its address is like tcp://127.0.0.1:8786)",
        ),
        (
            "http://127.0.0.1:8787",
            "'http://127.0.0.1:8787': unknown address scheme 'http' (known schemes: "
            "['inproc', 'tcp', 'tls', 'ucx', 'ws', 'wss']) (its address is like tcp://127.0.0.1:8786)",
        ),
    ],
)
def test_a_cluster_that_is_not_there_is_told_in_one_line(address: str, told: str) -> None:
    command = [sys.executable, "-m", "aprt", "explore", "v4/h3", "--cluster", address]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"aprt: no cluster at {told}\n")


def test_a_worker_with_another_version_is_refused(address: str) -> None:
    with pytest.raises(UserError, match="but this is aprt"):
        ClusterCrew(address, work.process_name, work.PATIENCE)


@contextmanager
def cluster_of_one(directory: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address and the process of a scheduler. It has one worker, begun in that directory, and what is there is
    imported first."""
    environment = os.environ | {"PYTHONPATH": str(directory)}
    file = directory / "scheduler.json"
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0", "--dashboard-address", ":0"]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--nthreads", "1", "--no-dashboard", *options]
    with (
        subprocess.Popen([*dask, "--scheduler-file", file], stderr=subprocess.DEVNULL) as scheduler,
        subprocess.Popen(
            [*worker, "--scheduler-file", file], cwd=directory, env=environment, stderr=subprocess.DEVNULL
        ) as nanny,
    ):
        try:
            with (
                running_loop() as loop,
                distributed.Client(  # type: ignore[no-untyped-call]  # its types are partial
                    scheduler_file=str(file), set_as_default=False, loop=loop, timeout=work.PATIENCE
                ) as client,
            ):
                client.wait_for_workers(1, timeout=work.PATIENCE)
                address = client.scheduler.address
            yield address, scheduler
        finally:
            nanny.kill()  # its worker sees that, and ends
            scheduler.kill()


def test_when_the_only_worker_dies_its_work_is_done_by_the_next_one(tmp_path: Path) -> None:
    with (
        cluster_of_one(tmp_path) as (address, _),
        ClusterCrew(address, aprt_version, work.PATIENCE) as crew,
    ):
        done = scatter(crew, work.die_once, [(tmp_path / "died", n) for n in range(5)])
        assert sorted(n for _, n in done) == [0, 1, 4, 9, 16]


def test_a_scheduler_that_goes_is_told(tmp_path: Path) -> None:
    with (
        cluster_of_one(tmp_path) as (address, scheduler),
        ClusterCrew(address, aprt_version, work.PATIENCE) as crew,
    ):
        never = crew.submit(0, time.sleep, 3600)
        assert crew.wait([never], 0.1) == set()
        scheduler.kill()
        with pytest.raises(WorkersLost, match=r"^the scheduler of the cluster has gone \(tcp://"):
            never.result()


def test_a_scheduler_that_has_gone_is_told_whatever_is_asked_then(tmp_path: Path) -> None:
    with (
        cluster_of_one(tmp_path) as (address, scheduler),
        ClusterCrew(address, aprt_version, work.PATIENCE) as crew,
    ):
        assert crew.submit(0, abs, -1).result() == 1
        scheduler.kill()
        scheduler.wait()
        with pytest.raises(WorkersLost, match=r"^the scheduler of the cluster has gone \(tcp://"):
            crew.submit(0, abs, -1).result()
        with pytest.raises(WorkersLost, match=r"^the scheduler of the cluster has gone \(tcp://"):
            crew.refill(0)


def test_a_worker_without_aprt_is_told(tmp_path: Path) -> None:
    (tmp_path / "aprt.py").write_text("raise ModuleNotFoundError('no such module')")
    with (
        cluster_of_one(tmp_path, "--no-nanny") as (address, _),
        pytest.raises(UserError, match=r"^worker tcp://\S+ cannot run aprt: "),
    ):
        ClusterCrew(address, aprt_version, work.PATIENCE)


def test_a_worker_with_the_same_version_of_another_source_is_refused(tmp_path: Path) -> None:
    shutil.copytree(Path(aprt.__file__).parent, tmp_path / "aprt", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "aprt" / "vfio_ap" / "__init__.py").open("a") as changed:
        changed.write("# another model\n")
    with cluster_of_one(tmp_path, "--no-nanny") as (address, _):
        explored = [sys.executable, "-m", "aprt", "explore", "v4/h3", "v4/h4", "--cluster", address]
        done = subprocess.run(explored, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    told = re.fullmatch(r"aprt: worker \S+ has (aprt \S+) \((\w+)\), but this is (aprt \S+) \((\w+)\)\n", done.stderr)
    assert told
    assert told[1] == told[3]
    assert told[2] != told[4]
