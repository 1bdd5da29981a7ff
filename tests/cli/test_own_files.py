"""Scenarios from a user's own file: found, named in tokens, shared among processes, told when wrong."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.own_files import ROOT, SCENARIO, aprt, said

pytestmark = pytest.mark.usefixtures("in_the_root")


def test_where_no_execution_came_to_an_end_no_trace_was_seen_whole_and_none_is_redundant() -> None:
    result = aprt("explore", "v4/h3", "--strategy", "dpor")
    assert result.stdout.splitlines()[-1].startswith(
        "aprt: VIOLATED property=P1 scenario=v4/h3 era=v4 with=- complete=no strategy=dpor traces=0 states=27 steps=27 "
    )
    assert "redundant" not in result.output


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
        ("2026/own:SCENARIO", "own: no such file, and no module (there is a file own.py)"),
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
    assert (again.exit_code, again.stderr) == (2, f"aprt: {file}: is there already; take another name\n")
    wrong = aprt("scenario", "new", str(tmp_path / "mine"))
    assert (wrong.exit_code, wrong.stderr) == (
        2,
        f"aprt: {tmp_path / 'mine'}: the name of a scenario file ends in .py\n",
    )


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
        (("--with", "no.such.module:X"), "no.such.module: no such file, and no module"),
        (("--with", "reorder.txt:P"), "reorder.txt: no such file, and no module"),
        (("--with", "./reorder.txt:P"), "./reorder.txt: no such file"),
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


@pytest.mark.parametrize("era", ["", "2026/"])
def test_a_file_with_a_plus_in_its_name_is_not_taken_for_switches(
    era: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "m+n.py").write_text("")
    monkeypatch.chdir(tmp_path)
    result = aprt("explore", f"{era}m+n.py:SCENARIO")
    message = f"aprt: {era}m+n.py:SCENARIO: the name of a file with a scenario in it has no '+' and no '='\n"
    assert (result.exit_code, result.stderr) == (2, message)


def test_nothing_looks_at_behaviours_any_more_when_python_ends() -> None:
    program = (
        "import atexit, signal; atexit.register(lambda: print(signal.getitimer(signal.ITIMER_VIRTUAL)));"
        "from aprt.cli.stepless import watch; watch(); print(signal.getitimer(signal.ITIMER_VIRTUAL)[1])"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout == "2.0\n(0.0, 0.0)\n"


def test_commands_about_a_file_with_a_blank_in_its_name_can_be_pasted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my $own.py").write_text((ROOT / "demos" / "device.py").read_text())
    found = aprt("explore", "my $own.py:system", "--schedule", "it's one.json")
    token = json.loads(aprt("explore", "my $own.py:system", "--format", "json").stdout)["token"]
    (line,) = (line for line in found.stdout.splitlines() if line.startswith("reproduce "))
    pasted = line.replace("reproduce   aprt replay", "printf %s")
    assert subprocess.run(["sh", "-c", pasted], capture_output=True, text=True, check=True).stdout == token
    assert 'aprt replay "it\'s one.json"' in found.stderr
