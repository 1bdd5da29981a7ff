"""Scenarios and patches from a reader's own file: found, named in tokens, shared among processes, told when wrong."""

import errno
import json
import os
import pickle
import platform
import subprocess
import sys
from pathlib import Path

import attrs
import pytest
from click.testing import CliRunner, Result

from aprt.cli import known_eras
from aprt.cli.cases import case_finder
from aprt.cli.root import root
from aprt.core.errors import UserError
from aprt.core.scenario import Settings
from aprt.core.switch import Switch, patch
from aprt.explore import auto
from aprt.explore.sampling import outlook

ROOT = Path(__file__).parent.parent.parent
V1, V2 = "demos/handler_lock.py:V1", "demos/handler_lock.py:V2"
SCENARIO = """
from aprt import Actor, Context, System, at_end, handler
from aprt.core.scenario import Model, Scenario

class Counter(Actor[int]):
    def initial(self): return 0
    @handler(reads="*")
    def read(self, state, by): return state, state
    @handler(writes="*")
    def write(self, state, by, value): return value, None

def build(settings):
    counter = Counter("counter")
    async def add():
        await counter.write(await counter.read() + 1)
    system = System((counter,), (Context("a", add), Context("b", add)))
    two = at_end("two", (counter,), lambda view: None if view(counter) == 2 else f"counter is {view(counter)}")
    return Model(system, (two,), ("two threads",), ())

MINE = Scenario("mine", "two threads add one", "Both read, then both write.", ("two",), build)
"""


@pytest.fixture(autouse=True)
def in_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def aprt(*args: str) -> Result:
    return CliRunner().invoke(root, args, obj=known_eras)


def said(*args: str) -> str:
    return aprt("explore", *args).stdout.splitlines()[-1]


def test_where_no_execution_came_to_an_end_no_trace_was_seen_whole_and_none_is_redundant() -> None:
    result = aprt("explore", "v4/h3", "--strategy", "dpor")
    assert result.stdout.splitlines()[-1].startswith(
        "aprt: VIOLATED property=P1 scenario=v4/h3 era=v4 with=- complete=no strategy=dpor traces=0 states=27 steps=27 "
    )
    assert "redundant" not in result.output


ELSEWHERE = """
import pickle, sys
from aprt.core.errors import UserError
try:
    print(pickle.load(sys.stdin.buffer)(sys.argv[1]))
except UserError as error:
    print(error)
"""


def test_a_worker_elsewhere_says_where_it_does_not_find_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for place in (here, there):
        place.mkdir()
    (here / "mine.py").write_text(SCENARIO)
    monkeypatch.chdir(here)
    find = pickle.dumps(case_finder(known_eras))

    def found(reference: str, place: Path) -> str:
        worker = [sys.executable, "-c", ELSEWHERE, reference]
        return subprocess.run(worker, input=find, cwd=place, capture_output=True, check=True).stdout.decode()

    assert found("v4/mine.py:MINE", here) == "v4/mine.py:MINE\n"
    assert found("v4/mine.py:MINE", there) == (
        f"mine.py: no such file (so says a worker in {platform.node()}:{there}: name files with their whole path)\n"
    )
    assert found(f"{here}/mine.py:MINE", there) == f"v4/{here}/mine.py:MINE\n"


ASKING = """
import pickle, sys
from aprt.cli import known_eras
from aprt.cli.cases import case_finder
find = case_finder(known_eras)
find(sys.argv[1])
sys.stdout.buffer.write(pickle.dumps(find))
"""


def test_a_worker_reads_a_file_again_that_has_changed_for_who_asks(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"

    def asked() -> bytes:
        """What another process sends to find the scenario of the file as it is now."""
        return subprocess.run([sys.executable, "-c", ASKING, f"{file}:MINE"], capture_output=True, check=True).stdout

    def found(sent: bytes) -> str:
        return str(pickle.loads(sent)(f"{file}:MINE").scenario.title)

    file.write_text(SCENARIO)
    first = asked()
    assert found(first) == "two threads add one"
    file.write_text(SCENARIO.replace("two threads add one", "as it is now"))
    assert found(first) == "two threads add one"  # it was read before
    assert found(asked()) == "as it is now"
    with pytest.raises(UserError, match=r"mine\.py is not what it was when the search began"):
        found(first)


def test_a_worker_reads_each_of_two_files_of_one_name_again_that_has_changed(tmp_path: Path) -> None:
    files = [tmp_path / place / "two.py" for place in ("one", "other")]
    for file in files:
        file.parent.mkdir()
        file.write_text(SCENARIO)

    def asked(file: Path) -> bytes:
        return subprocess.run([sys.executable, "-c", ASKING, f"{file}:MINE"], capture_output=True, check=True).stdout

    def found(file: Path) -> str:
        return str(pickle.loads(asked(file))(f"{file}:MINE").scenario.title)

    assert [found(file) for file in files] == ["two threads add one", "two threads add one"]
    for file in files:
        file.write_text(SCENARIO.replace("two threads add one", f"as {file.parent.name} is now"))
        assert found(file) == f"as {file.parent.name} is now"


@pytest.mark.parametrize("more", [(), ("4.20/mine.py:MINE",)])
def test_answers_about_a_file_that_has_changed_are_not_taken_for_answers_about_what_it_is(
    more: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(SCENARIO.replace("== 2", "<= 2"))

    def explored(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "aprt", "explore", "mine.py:MINE", *more, *options]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert explored("--strategy", "states", "--save", "kept").returncode == 0
    assert explored("--strategy", "states", "--resume", "kept").returncode == 0
    file.write_text(SCENARIO)
    refused = explored("--strategy", "states", "--resume", "kept")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "aprt: kept was saved before the model changed, or a property of it: begin anew\n"


def test_shards_about_a_file_that_has_changed_meanwhile_are_not_put_together(tmp_path: Path) -> None:
    file, asked = tmp_path / "mine.py", ("mine.py:MINE", "4.20/mine.py:MINE")
    for number, text in enumerate((SCENARIO, SCENARIO.replace("== 2", "<= 2")), 1):
        file.write_text(text)
        command = [sys.executable, "-m", "aprt", "explore", *asked, "--shard", f"{number}/2", "--format", "json"]
        told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        (tmp_path / str(number)).write_text(told.stdout)
    result = aprt("merge", str(tmp_path / "1"), str(tmp_path / "2"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("aprt: shards 1/2 and 2/2 were not asked the same (scenarios, ")


def test_a_patch_repairs_what_a_missing_fix_broke() -> None:
    assert said("2026/unbind", "--without", "B6", "--property", "P9").startswith("aprt: VIOLATED property=P9 ")
    for version in (V1, V2):
        line = said("2026/unbind", "--without", "B6", "--with", version)
        assert line.startswith("aprt: HOLDS ")
        assert f" with={version} without=B6 complete=yes " in line


def test_what_a_patch_adds_is_found_and_its_token_names_the_file() -> None:
    data = json.loads(aprt("explore", f"2026/rogue-close+B6=out+{V1}", "--property", "P20", "--format", "json").stdout)
    assert (data["verdict"], data["switches"], data["without"]) == ("VIOLATED", [V1], ["B6"])
    assert data["findings"][0]["text"].startswith("possible circular locking dependency: mdevs_lock -> ")
    assert data["token"].startswith(f"aprt2:2026/rogue-close+B6=out+{V1}:")
    replayed = aprt("replay", data["token"])
    assert replayed.exit_code in (0, 1)
    assert f"scenario=2026/rogue-close era=2026 with={V1} without=B6 " in replayed.stdout


def test_a_scenario_in_a_file_is_explored_by_one_process_or_two_and_replayed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path("mine.py")
    file.write_text(SCENARIO)
    for options in ((), ("--jobs", "2", "--strategy", "states")):
        line = said(f"{file}:MINE", "--era", "2026", *options)
        assert line.startswith(f"aprt: VIOLATED property=two scenario=2026/{file}:MINE era=2026 ")
        assert aprt("replay", line.rpartition("token=")[2]).exit_code == 1
    assert said(f"2026/{file}:MINE") == said(f"{file}:MINE", "--era", "2026")


def test_a_scenario_in_a_file_has_an_era_whatever_directory_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("placed.py").write_text(SCENARIO.replace('("two",), build)', '("two",), build, directory="elsewhere")'))
    line = said("placed.py:MINE", "--era", "2026")
    assert line.startswith("aprt: VIOLATED property=two scenario=2026/placed.py:MINE era=2026 ")
    assert aprt("replay", line.rpartition("token=")[2]).exit_code == 1


def test_a_scenario_of_another_era_and_a_file_without_a_name_say_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert aprt("scenario", "new", "own.py").exit_code == 0
    typed = "2026/own.py:SCENARIO"
    for wrong, line in (
        ("own.py:SCENARIO", f"own.py:SCENARIO is not for era v4, which has no switch 'dynamic_config'; try {typed}"),
        ("v4/own.py:SCENARIO", f"own.py:SCENARIO is not for era v4, which has no switch 'dynamic_config'; try {typed}"),
        ("own.py", f"own.py: name the scenario in it ({typed})"),
        ("2026/own.py", f"2026/own.py: name the scenario in it ({typed})"),
        ("6.0/own.py", "6.0/own.py: name the scenario in it (6.0/own.py:SCENARIO)"),
        ("none.py", "none.py: no such file"),
        ("2027/own.py:SCENARIO", "unknown era '2027' (did you mean '2026'?)"),
        ("2026/own:SCENARIO", "own: ModuleNotFoundError: No module named 'own'; there is a file own.py"),
        ("2026/:SCENARIO", ":SCENARIO: no file is named (try FILE.py:SCENARIO)"),
        ("2026/unbind+own.py", "own.py: name the patch in it (there is none)"),
    ):
        result = aprt("explore", wrong)
        assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"aprt: {line}\n")
    assert aprt("scenario", "show", typed).exit_code == 0


def test_a_new_scenario_file_works_and_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    assert aprt("scenario", "new", str(file)).stdout == (
        f"{file}: change it, and see it: aprt explore 2026/{file}:SCENARIO\n"
    )
    assert said(f"2026/{file}:SCENARIO", "--without", "B6").startswith("aprt: VIOLATED property=P")
    again = aprt("scenario", "new", str(file))
    assert (again.exit_code, again.stderr) == (2, f"aprt: {file}: is there already\n")
    wrong = aprt("scenario", "new", str(tmp_path / "mine"))
    assert (wrong.exit_code, wrong.stderr) == (
        2,
        f"aprt: {tmp_path / 'mine'}: the name of a scenario file ends in .py\n",
    )


def test_a_patch_is_for_the_eras_from_the_one_that_it_names_on(tmp_path: Path) -> None:
    early = aprt("explore", "v4/kill-qemu", "--with", V1)
    assert (early.exit_code, early.stderr) == (
        2,
        f"aprt: era v4 has no switch '{V1}' (eras that have it: 5.3, 5.12, 5.13, 5.15, 6.0, 6.2, 6.3, 6.6, 6.8, 6.12, "
        "6.16, 2026)\n",
    )
    assert said("5.3/unbind", "--with", V1).startswith("aprt: VIOLATED property=K1 ")  # it locks twice
    (tmp_path / "own.py").write_text(
        "from aprt import patch\nfrom aprt.vfio_ap.mainline.pqap import handle_pqap\n"
        "async def handler(machine, guest, aqic):\n    return await handle_pqap(machine, guest, aqic)\n"
        "ANY = patch('of 2026', pqap=handler)\nLATE = patch('of 2026', since='2206', pqap=handle_pqap)\n"
    )
    unknown = aprt("explore", "2026/unbind", "--with", f"{tmp_path}/own.py:LATE")
    assert unknown.stderr == f"aprt: {tmp_path}/own.py:LATE: since: unknown era '2206' (did you mean '2026'?)\n"
    silent = aprt("explore", "v4/kill-qemu", "--with", f"{tmp_path}/own.py:ANY")
    assert (silent.exit_code, silent.stderr) == (
        2,
        f"aprt: {tmp_path}/own.py: line 4: UnknownSwitch: the era has no switch 'aqic'; a patch says with since=ERA "
        "from where on it can be used, a scenario is named with an era that has it\n",
    )


def test_a_patch_that_keeps_its_locks_is_found_unasked_and_counted_where_something_else_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("keeps.py").write_text(
        "from aprt import patch\nfrom aprt.vfio_ap.ap.apqn import Found\n"
        "from aprt.vfio_ap.mainline.locks import lock_for_queue\n"
        "async def remove(machine, queue):\n"
        "    await lock_for_queue(machine, queue, Found(queue.apqn, await machine.bus.get_drvdata(queue.apqn)))\n"
        "L = patch('locks and returns', since='2026', remove=remove)\n"
    )
    by_default = aprt("explore", "2026/unbind", "--with", "keeps.py:L")
    assert (by_default.exit_code, "\n  vm0.vcpu0 waits for mdevs_lock.lock\n" in by_default.stdout) == (1, True)
    assert by_default.stdout.splitlines()[-1].startswith("aprt: VIOLATED property=deadlock scenario=2026/unbind ")
    row = "\ndeadlocks   1 state in which nobody can go on; ask --property deadlock\n"
    other = aprt("explore", "2026/unbind", "--with", "keeps.py:L", "--property", "P9")
    assert (other.exit_code, row in other.stdout) == (0, True)
    assert "\ndeadlocks " not in by_default.stdout + aprt("explore", "2026/unbind").stdout


UNLOCKS = """
from aprt import patch
from aprt.kernel.held import held
from aprt.vfio_ap.mainline.pqap import handle_pqap

async def once_more(machine, guest, aqic):
    answer = await handle_pqap(machine, guest, aqic)
    await machine.mdevs_lock.unlock()
    return answer

async def balanced(machine, guest, aqic):
    answer = await handle_pqap(machine, guest, aqic)
    async with held(machine.mdevs_lock):
        return answer

WRONG = patch("unlocks once more", since="5.3", pqap=once_more)
RIGHT = patch("locks once more", since="5.3", pqap=balanced)
"""


def test_a_patch_that_unlocks_what_it_does_not_hold_is_found_unasked_by_every_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("unlocks.py").write_text(UNLOCKS)
    right, wrong = ("2026/unbind", "--with", "unlocks.py:RIGHT"), ("2026/unbind", "--with", "unlocks.py:WRONG")
    assert said(*right).startswith("aprt: HOLDS property=K2,P5,P6,P8,P9,P12,P22,deadlock,livelock ")
    assert said(*wrong).startswith("aprt: VIOLATED property=K2 ")
    for patched, word, code in ((right, "- added=- ", 0), (wrong, "- added=K2 ", 1)):
        compared = aprt("explore", "2026/unbind", "--compare", f"with={patched[-1]}")
        assert (compared.exit_code, f" removed={word}" in compared.stdout) == (code, True)
    ran = aprt("run", *wrong)
    assert ran.exit_code == 1
    assert "\nVIOLATED K2: vm0.vcpu0 releases mdevs_lock, which nobody holds\n" in ran.stdout
    seen = "\nDETECTED unlock: vm0.vcpu0 releases mdevs_lock, which "
    assert (seen in ran.stdout, seen in aprt("run", *right).stdout) == (True, False)
    row = "\nnot asked   K2: whether a lock is released by the context that holds it;\n            livelock: whether "
    assert (row in aprt("explore", *wrong, "--property", "P9").stdout, row in aprt("explore", *right).stdout) == (
        True,
        False,
    )
    shown = aprt("scenario", "show", *wrong).stdout
    assert "\nchecked\n  K2        a lock is released by the context that holds it\n" in shown


CARELESS = """
async def gives_back(lock, times):
    await lock.lock()
    for _ in range(times):
        await lock.unlock()

def acting(times):
    def build(settings):
        s = Situation.attached(settings)
        return s.model(Context("admin", partial(gives_back, s.machine.mdevs_lock, times)), scope="the lock goes round")
    return Scenario("careless", "a lock is given back", "Nobody else acts.", ("P9",), build)

ONCE, TWICE = acting(1), acting(2)
"""


def test_a_scenario_of_ones_own_is_asked_whether_it_unlocks_what_it_does_not_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert aprt("scenario", "new", "careless.py").exit_code == 0
    with Path("careless.py").open("a") as file:
        file.write(CARELESS)
    assert said("2026/careless.py:ONCE").startswith("aprt: HOLDS property=K2,P9 scenario=2026/careless.py:ONCE ")
    assert said("2026/careless.py:TWICE").startswith("aprt: VIOLATED property=K2 scenario=2026/careless.py:TWICE ")
    assert said("2026/careless.py:TWICE", "--property", "P9").startswith("aprt: HOLDS property=P9 ")
    shown = aprt("scenario", "show", "2026/careless.py:SCENARIO").stdout
    assert "\nchecked\n  K2  a lock is released by the context that holds it\n  P5  every pinned page " in shown


def test_a_run_in_which_a_patch_makes_the_kernel_stop_is_violated_although_nobody_asked_about_it() -> None:
    result = aprt("run", "2026/unbind", "--with", V1, "--runs", "3")
    assert result.exit_code == 1
    assert "\nVIOLATED K1: vm0.vcpu0 locks mdevs_lock, which it already holds\n" in result.stdout
    last = result.stdout.splitlines()[-1]
    assert last.startswith("aprt: VIOLATED property=K1 scenario=2026/unbind ")
    assert " seed=0 runs=1 " in last
    assert aprt("replay", last.partition("token=")[2]).exit_code == 1
    data = json.loads(aprt("run", "2026/unbind", "--with", V1, "--format", "json").stdout)
    assert (data["verdict"], [f["property"] for f in data["findings"]], data["unasked"]) == ("VIOLATED", ["K1"], [])
    assert f"token={data['token']}" in last


def test_a_run_that_ends_at_an_oops_of_what_was_not_asked_is_inconclusive_and_says_what_to_ask() -> None:
    result = aprt("run", "v4/h6", "--property", "P11", "--runs", "3")
    assert result.exit_code == 3
    asking = "an execution ends at a violation of P9, which was not asked; ask --property P9, or --property all"
    assert f" {asking} " in " ".join(result.stdout.split())
    last = result.stdout.splitlines()[-1]
    assert last.startswith("aprt: RAN property=- scenario=v4/h6 ")
    assert " runs=1 steps=19 ending=oops token=aprt2:" in last
    assert aprt("replay", last.partition("token=")[2], "--property", "P9").exit_code == 1
    data = json.loads(aprt("run", "v4/h6", "--property", "P11", "--format", "json").stdout)
    assert (data["verdict"], data["findings"], data["unasked"]) == ("RAN", [], ["P9"])
    assert f"token={data['token']}" in last


@pytest.mark.parametrize(
    "command", ["explore 2026/unbind", "run 2026/unbind", "explore 2026/unbind 2026/unassign-unbound --jobs 2"]
)
def test_a_patch_that_goes_on_without_a_step_is_told_with_its_place(command: str, tmp_path: Path) -> None:
    file = tmp_path / "spins.py"
    file.write_text(
        "from aprt import patch\n"
        "from copy import deepcopy\n"
        "def spin():\n"
        "    while True: deepcopy(['x'] * 99)\n"
        "async def remove(machine, queue):\n"
        "    spin()\n"
        "V1 = patch('goes round', since='5.3', remove=remove)\n"
    )
    result = aprt(*command.split(), "--with", f"{file}:V1")
    assert result.exit_code == 2
    told = result.stderr.splitlines()[-1]
    which = f"2026/unbind+{file}:V1: " if "--jobs" in command else ""
    assert told == f"aprt: {which}spin() at {file}:4 takes no step: it goes on and on, and awaits nothing"


def test_a_patch_that_is_not_in_cannot_be_taken_out() -> None:
    result = aprt("explore", "2026/unbind", "--without", V1)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"aprt: {V1} is not in 2026/unbind: there is nothing to take out\n"
    both = aprt("explore", "2026/unbind", "--with", V1, "--without", V1)
    assert (both.exit_code, both.stderr) == (2, f"aprt: switch {V1!r} is both put in and taken out\n")
    assert aprt("explore", f"2026/unbind+{V1}", "--without", V1, "--property", "P9").exit_code == 0


def test_a_livelock_that_takes_too_many_states_takes_nothing_away_unless_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(auto, "_SMALL", 20)
    monkeypatch.setattr(auto, "_LARGE", 40)
    monkeypatch.setattr(outlook, "_PROBES", 10)
    patched = ("explore", "2026/unbind", "--without", "B6", "--with", V1)
    held, named = aprt(*patched), aprt(*patched, "--property", "P9", "--property", "livelock", "--runs", "2")
    assert held.exit_code == 0
    assert held.stdout.splitlines()[-1].startswith("aprt: HOLDS property=K2,P5,P6,P8,P9,P12,P22,deadlock scenario=")
    assert "\nnot asked   livelock: whether the patch makes somebody go on for ever (that\n" in held.stdout
    assert named.exit_code == 3
    assert named.stdout.splitlines()[-1].startswith("aprt: INCONCLUSIVE property=P9,livelock scenario=")
    compared = aprt("explore", "2026/unbind", "--without", "B6", "--compare", f"with={V1}")
    assert compared.exit_code == 0
    assert "\nnot looked for: a livelock of the patch (--property livelock)\n" in compared.stdout
    assert compared.stdout.splitlines()[-1].endswith(" removed=P5,P6,P8,P9,P22 added=- unchanged=- complete=yes")


SPINS = """
from aprt import patch

async def spins(machine, guest, aqic):
    while True:
        await guest.vm.read_hook()

S = patch("never returns", since="5.3", pqap=spins)
"""


def test_a_patch_that_spins_without_a_lock_is_found_unasked_or_said_not_to_be_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rounds.py").write_text(SPINS)
    patched = ("explore", "2026/unbind", "--with", "rounds.py:S")
    for more in ((), ("--property", "all"), ("--jobs", "2")):
        found = aprt(*patched, *more)
        assert found.exit_code == 1
        assert "\n  vm0.vcpu0 goes round for ever, and nothing ends it\n" in found.stdout
    told = aprt("explain", json.loads(aprt(*patched, "--format", "json").stdout)["token"]).stdout
    assert "\ngoes on     vm0.vcpu0 goes round: vm0.read_hook\n" in told
    row = "\nnot asked   livelock: whether the patch makes somebody go on for ever\n"
    shared = ("--jobs", "2")
    for options in (
        ("--property", "P9", "--property", "K2"),
        ("--strategy", "reduced"),
        (*shared, "--strategy", "states"),
        (*shared, "--loop", "plain"),
    ):
        other = aprt(*patched, *options)
        assert (other.exit_code, row in other.stdout) == (0, True)
    assert row not in aprt("explore", "2026/unbind", "--property", "P9").stdout
    bounded = aprt(*patched, "--max-states", "100")
    why = "livelock: whether the patch makes somebody go on for ever (that takes all states, and they were too many;"
    assert (bounded.exit_code, why in " ".join(bounded.stdout.split())) == (3, True)
    added = json.loads(aprt("explore", "2026/unbind", "--compare", "with=rounds.py:S", "--format", "json").stdout)
    assert [one["property"] for one in added["outcomes"] if one["change"] == "added"] == ["livelock"]


WRONG = """
import asyncio, sys, trio
from aprt import choose, patch
turn = iter(range(99))

async def pqap(machine, guest, aqic):
    {0}

V1 = patch("goes wrong", since="5.3", pqap=pqap)
"""


@pytest.mark.parametrize("command", ["explore", "run"])
@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("sys.exit(5)", "SystemExit: 5"),
        ("await trio.sleep(1)", "awaits trio.sleep(), which is no effect of aprt"),
        ("await asyncio.sleep(1)", "awaits asyncio.sleep(), which is no effect of aprt"),
        ("await asyncio.sleep(0)", "awaits asyncio.sleep(), which is no effect of aprt"),
        ("guest.vm.put()", "an await is missing: pqap() does not send vm0.put"),
        ("choose('way', 'left')", "an await is missing: pqap() does not send choose way"),
        ("machine.ops.open(machine, guest)", "an await is missing: pqap() does not run vfio_group_fops_unl_ioctl()"),
        ("if guest.vm.read_hook() is None: pass", "an await is missing: pqap() does not send vm0.read_hook"),
        ("if guest.vm.read_hook(): pass", "an await is missing: pqap() does not send vm0.read_hook"),
        ("while not guest.vm.read_hook(): pass", "an await is missing: pqap() does not send vm0.read_hook"),
        ("1 if None != guest.vm.read_hook() else 2", "an await is missing: pqap() does not send vm0.read_hook"),
        ("guest.vm.read_hook() or False", "an await is missing: pqap() does not send vm0.read_hook"),
        ("assert guest.vm.read_hook()", "an await is missing: pqap() does not send vm0.read_hook"),
        ("kept = guest.vm.read_hook()", "an await is missing: pqap() does not send vm0.read_hook"),
        ("kept = guest.vm.read_hook(); kept is None", "an await is missing: pqap() does not send vm0.read_hook"),
        (
            "kept: object = guest.vm.read_hook(); kept is None",
            "an await is missing: pqap() does not send vm0.read_hook",
        ),
        ("kept = guest.vm.read_hook(); f'{kept}'", "an await is missing: pqap() does not send vm0.read_hook"),
        (
            "kept = machine.ops.open(machine, guest); kept + 1 if kept else 2",
            "an await is missing: pqap() does not run vfio_group_fops_unl_ioctl()",
        ),
    ],
)
def test_what_a_patch_must_not_do_is_told_by_its_line(command: str, line: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.py"
    file.write_text(WRONG.format(line))
    result = aprt(command, "2026/unbind", "--with", f"{file}:V1")
    assert (result.exit_code, result.stderr) == (2, f"aprt: {file}: line 7: {told}\n")


def test_a_patch_that_goes_another_way_when_it_is_run_again_is_told(tmp_path: Path) -> None:
    file = tmp_path / "erratic.py"
    file.write_text(WRONG.format("await (guest.vm.read_hook() if next(turn) else guest.vm.put())"))
    result = aprt("explore", "2026/unbind", "--with", f"{file}:V1")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.endswith(  # other files of this process may be named before
        f"{file}: vm0.vcpu0 is not deterministic: after vm0.process.fdget it awaits vm0.put(), another time "
        "vm0.read_hook()\n"
    )


def test_what_is_awaited_somewhere_else_is_not_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "later.py"
    file.write_text(
        WRONG.format(
            "first = guest.vm.read_hook()\n"
            "    await (None or first)\n"
            "    kept = again = guest.vm.read_hook()\n"
            "    second = guest.vm.read_hook() if kept is again else None\n"
            "    if second is not None: await second\n"
            "    await (str() or guest.vm.read_hook())\n"
            "    return 'EOPNOTSUPP' if (await guest.vm.read_hook()) is not None or str() else 'EOPNOTSUPP'"
        )
    )
    assert aprt("explore", "2026/unbind", "--with", f"{file}:V1", "--property", "P9").exit_code == 0


def test_a_patch_that_no_step_runs_is_said_not_to_be_put_to_the_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("unrun.py").write_text(
        "from aprt import patch\nfrom aprt.vfio_ap.ap.response import Rc\n"
        "async def opened(machine, guest):\n    return 0\n"
        "async def refused(machine, guest, aqic):\n    return Rc.Q_NOT_AVAIL\n"
        "BOTH = patch('both', open=opened, pqap=refused)\n"
    )
    told = json.loads(aprt("explore", "2026/unbind", "--with", "unrun.py:BOTH", "--format", "json").stdout)
    assert (told["verdict"], told["certificate"]["exercised"]["unrun"]) == ("HOLDS", ["unrun.py:BOTH: open"])
    text = aprt("explore", "2026/unbind", "--with", "unrun.py:BOTH").stdout
    assert "\nHOLDS, but unrun.py:BOTH: open was never run: no step here calls it\n" in text


LESS = """
from aprt import patch
from aprt.kernel.held import reading
from aprt.vfio_ap.ap.response import Rc
from aprt.vfio_ap.mainline import pqap

async def unread(machine, guest, aqic):
    async with reading(guest.hook_rwsem):
        if await guest.vm.read_hook() is None:
            return Rc.Q_NOT_AVAIL
        return await pqap.handle_hook(machine, guest, aqic)

async def unlocked(machine, guest, aqic):
    await guest.vm.read_hook()
    return Rc.Q_NOT_AVAIL

async def nothing(machine, guest, aqic):
    return Rc.Q_NOT_AVAIL

UNREAD = patch("the handler's address is not read", since="5.3", pqap=unread)
UNLOCKED = patch("no lock, and no handler", since="5.3", pqap=unlocked)
NOTHING = patch("no handler at all", since="5.3", pqap=nothing)
"""


def test_what_a_patch_leaves_out_of_the_procedure_that_it_replaces_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("less.py").write_text(LESS)
    unread, unlocked, nothing = (
        json.loads(aprt("explore", "2026/unbind", "--with", f"less.py:{name}", "--format", "json").stdout)
        for name in ("UNREAD", "UNLOCKED", "NOTHING")
    )
    left = {"function": "less.py:UNREAD: pqap", "original": "handle_pqap", "locks": []}
    assert (unread["verdict"], unread["left_out"]) == ("HOLDS", [left | {"messages": ["mdev0.read_handler"]}])
    ((one,), (all_of_it,)) = unlocked["left_out"], nothing["left_out"]
    assert one["locks"] == all_of_it["locks"] == ["mdevs_lock", "vm0.pqap_hook_rwsem", "vm0.ref_lock"]
    assert {*all_of_it["messages"]} - {*one["messages"]} == {"vm0.read_hook"}
    assert (
        "\nless.py:NOTHING: pqap does in no execution what handle_pqap() did: take\n"
        "mdevs_lock, take vm0.pqap_hook_rwsem, take vm0.ref_lock, send hw\n"
        "05.0004.aqic, send mdev0.find and 7 more. The patch makes that needless, or\n"
        "forgets it\n"
    ) in aprt("explore", "2026/unbind", "--with", "less.py:NOTHING").stdout


def test_a_comparison_tells_what_a_patch_leaves_out_and_a_patch_that_does_it_all_is_told_nothing_of() -> None:
    compare = ("2026/rogue-close", "--property", "P20", "--compare", f"with={V2}", "--format", "json")
    assert json.loads(aprt("explore", *compare, "--without", "B6").stdout)["left_out"] == []
    compare = ("2026/unbind+B6=out", f"2026/unbind+B6=out+{V2}", "--property", "P9")
    told = json.loads(aprt("diff", *compare, "--format", "json").stdout)["left_out"]
    assert told == [
        {"function": f"{V2}: pqap", "original": "handle_pqap", "locks": [], "messages": ["hw 05.0004.tapq"]}
    ]
    lines = aprt("diff", *compare).stdout.splitlines()
    assert f"{V2}: pqap does in no execution what handle_pqap() did:" in lines


def test_what_a_patch_leaves_out_is_not_known_of_a_search_that_did_not_come_to_its_end() -> None:
    bounded = ("2026/unbind", "--without", "B6", "--with", V2, "--max-states", "100", "--format", "json")
    told = json.loads(aprt("explore", *bounded).stdout)
    assert (told["verdict"], told["left_out"]) == ("INCONCLUSIVE", [])


def test_a_file_that_cannot_be_read_is_told_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    (tmp_path / "closed.py").touch()
    monkeypatch.setattr(Path, "read_bytes", denied)  # who runs tests as root may read everything
    result = aprt("explore", f"{tmp_path}/closed.py:S")
    assert (result.exit_code, result.stderr) == (2, f"aprt: cannot read {tmp_path}/closed.py: Permission denied\n")


FILES = {
    "broken.py": "X = 1\nY = nothing\n",
    "unfinished.py": "def f(:\n",
    "other.py": "from aprt import patch\nfrom aprt.core.switch import FLAG, Switch\n"
    "FIX = Switch('f', 'fix', FLAG, 'a fix')\nBAD = patch('misspelled', qpap=print)\nONE = patch('one', pqap=print)\n"
    "TWO = patch('two', pqap=print)\nNUMBER = 7\nEMPTY = patch('nothing')\nOF = patch('float', since=5.3, pqap=print)\n"
    "async def short(machine): pass\nSHORT = patch('short', pqap=short)\n"
    "async def long(machine, guest, aqic): pass\nFIRST = patch('1', pqap=long)\nSECOND = patch('2', pqap=long)\n",
    "patches.py": "from aprt import patch\nONE = patch('one', pqap=print)\nTWO = patch('two', pqap=print)\n",
}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--with", "{0}/broken.py:X"), "{0}/broken.py: line 2: NameError: name 'nothing' is not defined"),
        (("--with", "{0}/unfinished.py:X"), "{0}/unfinished.py: SyntaxError: "),
        (("--with", "{0}/nowhere.py:X"), "{0}/nowhere.py: no such file"),
        (("--with", "no.such.module:X"), "no.such.module: ModuleNotFoundError: No module named 'no'"),
        (("--with", "{0}/other.py:TOW"), "{0}/other.py has no patch called 'TOW' (did you mean 'TWO'?)"),
        (("--with", "{0}/other.py:NUMBER"), "{0}/other.py:NUMBER: is no patch"),
        (("--with", "{0}/other.py:FIX"), "{0}/other.py:FIX: a fix; make a patch with aprt.patch(about, function=...)"),
        (("--with", "{0}/patches.py"), "{0}/patches.py: name the patch in it ({0}/patches.py:ONE, {0}/patches.py:TWO)"),
        (("--with", "{0}/other.py:ONE"), "{0}/other.py:ONE: pqap is print, which is no async function"),
        (
            ("--with", "{0}/other.py:SHORT"),
            "{0}/other.py:SHORT: pqap is called with 3 arguments, and short() does not fit: too many positional",
        ),
        (("--with", "{0}/other.py:EMPTY"), "{0}/other.py:EMPTY replaces nothing; say what with aprt.patch(about, "),
        (
            ("--with", "{0}/other.py:OF"),
            "{0}/other.py:OF: since: expected the name of an era such as '5.3', found 5.3",
        ),
        (
            ("--with", "{0}/other.py:BAD"),
            "{0}/other.py:BAD replaces 'qpap', which the driver does not have (did you mean 'pqap'?)",
        ),
        (
            ("--with", "{0}/other.py:FIRST", "--with", "{0}/other.py:SECOND"),
            "two patches replace 'pqap'; {0}/other.py:SECOND is the second",
        ),
        (("--with", "a=b.py:X"), "a=b.py:X: the name of a file with a patch in it has no '+' and no '='"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_in_one_line(args: tuple[str, ...], message: str, tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    result = aprt("explore", "2026/unbind", *(arg.format(tmp_path) for arg in args))
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.startswith(f"aprt: {message.format(tmp_path)}")


RAISING = """from aprt import patch
from aprt.core.scenario import Scenario

def of_no_use(aqic):
    return aqic.nothing

async def raises(machine, guest, aqic):
    await guest.vm.read_hook()
    return of_no_use(aqic)

async def returns_1(machine, guest, aqic):
    await guest.vm.read_hook()
    return 1

async def returns_nothing(machine, guest):
    await guest.vm.read_hook()

async def returns_text(machine, guest):
    return "done"

async def returns_unawaited(machine, guest):
    return returns_text(machine, guest)

def builds_nothing(settings):
    return 1 / 0

RAISES = patch("raises", pqap=raises)
WRONG = patch("returns 1", pqap=returns_1)
NOTHING = patch("returns nothing", open=returns_nothing)
TEXT = patch("returns text", release=returns_text)
UNAWAITED = patch("awaits nothing", release=returns_unawaited)
NONE = Scenario("none", "", "", (), builds_nothing)
"""


@pytest.mark.parametrize("command", [("explore",), ("run",), ("explore", "--jobs", "2", "--strategy", "states")])
def test_code_of_a_file_that_raises_is_told_by_file_and_line(command: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "raising.py"
    file.write_text(RAISING)
    result = aprt(*command, "2026/unbind", "--with", f"{file}:RAISES")
    wanted = f"aprt: {file}: line 5: AttributeError: 'Aqic' object has no attribute 'nothing'"
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (2, wanted)
    built = aprt(*command, f"2026/{file}:NONE")
    assert (built.exit_code, built.stderr) == (2, f"aprt: {file}: line 25: ZeroDivisionError: division by zero\n")


@pytest.mark.parametrize(
    ("scenario", "patch", "line"),
    [
        ("unbind", "WRONG", "pqap returned 1; it is to return Rc or 'EOPNOTSUPP'"),
        ("open-while-ending", "NOTHING", "open returned None; it is to return int"),
        ("rogue-close", "TEXT", "release returned 'done'; it is to return nothing"),
        ("rogue-close", "UNAWAITED", "release returned what returns_text() is to do, not done: an await is missing"),
    ],
)
@pytest.mark.parametrize("command", [("explore",), ("run",)])
def test_a_patch_that_returns_what_the_driver_does_not_is_told_by_its_name(
    command: tuple[str, ...], scenario: str, patch: str, line: str, tmp_path: Path
) -> None:
    file = tmp_path / "raising.py"
    file.write_text(RAISING)
    result = aprt(*command, f"2026/{scenario}", "--with", f"{file}:{patch}")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (2, f"aprt: {file}:{patch}: {line}")
    assert "Warning" not in result.stderr


@attrs.frozen
class Table:
    first: object = "as it was"
    second: object = "as it was"


def test_a_table_keeps_what_no_patch_in_force_replaces() -> None:
    new: Switch = patch("another first", first=print)
    settings = Settings((new,))
    assert settings.patched(Table()) == Table()
    assert settings.set("patch", "in").patched(Table()) == Table(print, "as it was")
    with pytest.raises(UserError, match="replaces 'none', which the driver does not have \\(known: first, second\\)"):
        Settings((patch("a third", none=print),)).set("patch", "in").patched(Table())


def test_a_token_and_a_schedule_file_tell_that_a_file_which_they_name_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path("fingerprinted.py")
    file.write_text(SCENARIO)
    last = said("2026/fingerprinted.py:MINE", "--schedule", "race.json")
    token = last.partition("token=")[2]
    assert json.loads(Path("race.json").read_text())["own"] == token[-4:]
    for recorded in (token, "race.json"):
        assert (aprt("replay", recorded).exit_code, aprt("replay", recorded).stderr) == (1, "")
    file.write_text(SCENARIO + "# more\n")
    for recorded in (token, "race.json"):
        changed = aprt("replay", recorded)
        assert (changed.exit_code, changed.stderr) == (
            1,
            "aprt: fingerprinted.py is not what it was when this schedule was written down: "
            "it is tried on what is there now\n",
        )
    old = token.rpartition(".")[0]
    assert (aprt("replay", old).exit_code, aprt("replay", old).stderr) == (1, "")


def test_nothing_looks_at_behaviours_any_more_when_python_ends() -> None:
    program = (
        "import atexit, signal; atexit.register(lambda: print(signal.getitimer(signal.ITIMER_VIRTUAL)));"
        "from aprt.cli.stepless import watch; watch(); print(signal.getitimer(signal.ITIMER_VIRTUAL)[1])"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout == "2.0\n(0.0, 0.0)\n"
