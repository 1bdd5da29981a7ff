"""Files of a user's own that have changed since they were read: workers, answers, shards and tokens notice."""

import json
import pickle
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from aprt.cli import known_eras
from aprt.cli.cases import case_finder
from aprt.core.errors import UserError
from tests.cli.own_files import SCENARIO, aprt, said

pytestmark = pytest.mark.usefixtures("in_the_root")


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
