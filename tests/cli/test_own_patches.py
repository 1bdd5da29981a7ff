"""Patches from a user's own file: what they repair, add and leave out is found."""

import json
from pathlib import Path

import pytest

from aprt.explore import auto
from aprt.explore.sampling import outlook
from tests.cli.own_files import V1, V2, aprt, said

pytestmark = pytest.mark.usefixtures("in_the_root")


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
        "from aprt import patch\nfrom aprt.vfio_ap.ap.apqn import QueuePointer\n"
        "from aprt.vfio_ap.mainline.locks import lock_for_queue\n"
        "async def remove(machine, queue):\n"
        "    found = QueuePointer(queue.apqn, await machine.bus.get_drvdata(queue.apqn))\n"
        "    await lock_for_queue(machine, queue, found)\n"
        "L = patch('locks and returns', since='2026', remove=remove)\n"
    )
    by_default = aprt("explore", "2026/unbind", "--with", "keeps.py:L")
    assert (by_default.exit_code, "\n  vm0.vcpu0 waits for mdevs_lock.lock\n" in by_default.stdout) == (1, True)
    assert by_default.stdout.splitlines()[-1].startswith("aprt: VIOLATED property=deadlock scenario=2026/unbind ")
    row = "\ndeadlocks   1 state in which nobody can go on; ask --property deadlock\n"
    other = aprt("explore", "2026/unbind", "--with", "keeps.py:L", "--property", "P9")
    assert (other.exit_code, row in other.stdout) == (0, True)
    assert "\ndeadlocks " not in by_default.stdout + aprt("explore", "2026/unbind").stdout


ASKED = "K2,K3,P5,P6,P8,P9,P12,P19,P20,P21,P22,P23,deadlock"  # of a patch in 2026/unbind, but for loops
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
    assert said(*right).startswith(f"aprt: HOLDS property={ASKED},livelock ")
    assert said(*wrong).startswith("aprt: VIOLATED property=K2 ")
    for patched, word, code in ((right, "- added=- ", 0), (wrong, "- added=K2 ", 1)):
        compared = aprt("explore", "2026/unbind", "--compare", f"with={patched[-1]}")
        assert (compared.exit_code, f" removed={word}" in compared.stdout) == (code, True)
    ran = aprt("run", *wrong)
    assert ran.exit_code == 1
    assert "\nVIOLATED K2: vm0.vcpu0 releases mdevs_lock, which nobody holds\n" in ran.stdout
    seen = "\nDETECTED unlock: vm0.vcpu0 releases mdevs_lock, which "
    assert (seen in ran.stdout, seen in aprt("run", *right).stdout) == (True, False)
    row = "\nnot asked   K2, K3, P19, P20, P21, P22, P23: rules that a patch may break\n"
    assert (row in aprt("explore", *wrong, "--property", "P9").stdout, row in aprt("explore", *right).stdout) == (
        True,
        False,
    )
    shown = aprt("scenario", "show", *wrong).stdout
    assert "\nchecked\n  K2        a lock is released by the context that holds it\n" in shown


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
    assert held.stdout.splitlines()[-1].startswith(f"aprt: HOLDS property={ASKED} scenario=")
    assert "\nnot asked   livelock: whether the patch makes somebody go on for ever (that\n" in held.stdout
    assert named.exit_code == 3
    assert named.stdout.splitlines()[-1].startswith("aprt: INCONCLUSIVE property=P9,livelock scenario=")
    compared = aprt("explore", "2026/unbind", "--without", "B6", "--compare", f"with={V1}")
    assert compared.exit_code == 0
    assert "\nnot looked for: a livelock of the patch (--property livelock)\n" in compared.stdout
    assert compared.stdout.splitlines()[-1].endswith(
        " removed=P5,P6,P8,P9,P22,P37,P52 added=- unchanged=- complete=yes"
    )


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
    row = " livelock: whether the patch makes somebody go on for ever "
    shared = ("--jobs", "2")
    for options in (
        ("--property", "P9", "--property", "K2"),
        ("--strategy", "reduced"),
        (*shared, "--strategy", "states"),
        (*shared, "--loop", "plain"),
    ):
        other = aprt(*patched, *options)
        assert (other.exit_code, row in " ".join(other.stdout.split())) == (0, True)
    assert row not in " ".join(aprt("explore", "2026/unbind", "--property", "P9").stdout.split())
    bounded = aprt(*patched, "--max-states", "100")
    why = "livelock: whether the patch makes somebody go on for ever (that takes all states, and they were too many;"
    assert (bounded.exit_code, why in " ".join(bounded.stdout.split())) == (3, True)
    added = json.loads(aprt("explore", "2026/unbind", "--compare", "with=rounds.py:S", "--format", "json").stdout)
    assert [one["property"] for one in added["outcomes"] if one["change"] == "added"] == ["livelock"]


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


def test_a_patch_is_asked_about_the_rules_of_locks_and_told_what_else_it_may_break(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("less.py").write_text(LESS)
    patched = ("explore", "2026/unbind", "--with", "less.py:NOTHING")
    rules = ("K2", "K3", "P19", "P20", "P21", "P22", "P23", "deadlock", "livelock")
    named = (option for id in rules for option in ("--property", id))
    others = "other properties that the patch may break (--compare with=PATCH, in place of --with PATCH)"
    for asked in ((), named):
        assert f" {others} " in " ".join(aprt(*patched, *asked).stdout.split())
    few = " ".join(aprt(*patched, "--property", "P9", "--property", "P22").stdout.split())
    assert (
        "not asked K2, K3, P19, P20, P21, P23: rules that a patch may break (asked where no --property is named)" in few
    )
    assert others not in few
    assert "not asked" not in aprt("explore", "2026/unbind", "--property", "P9").stdout


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
