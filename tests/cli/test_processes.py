"""What only a real process shows: signals, pipes, crashes and what gets imported."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import ABBA, token_of

ROOT = Path(__file__).parents[2]
TOY = "from tests.toy import ERAS; from aprt.cli.root import root; root(obj=lambda: ERAS)"


def start(*args: str, program: str = TOY) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *args],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# tells on stderr when the search has taken its first steps
REPORTING = """
from tests.toy import ERAS
from aprt.cli import progress
from aprt.cli.root import root
progress._EVERY = 0.0
root(obj=lambda: ERAS)
"""


def interrupted(*args: str, program: str = REPORTING) -> tuple[int, str, str]:
    process = start(*args, program=program)
    assert process.stderr is not None
    first = process.stderr.readline()
    assert first.startswith("aprt: ")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    return process.returncode, out, err


def test_ctrl_c_during_a_search_prints_what_was_covered_as_valid_json() -> None:
    code, out, _ = interrupted("explore", "toy/large", "--strategy", "states", "--format", "json")
    data = json.loads(out)
    assert (code, data["verdict"], data["complete"]) == (130, "INCONCLUSIVE", False)
    assert data["states"] > 1000


def test_ctrl_c_during_a_search_prints_what_was_covered_as_text() -> None:
    code, out, err = interrupted("explore", "toy/large", "--strategy", "states")
    assert code == 130
    assert out.splitlines()[-1].startswith("aprt: INCONCLUSIVE property=T5 scenario=toy/large ")
    assert "Traceback" not in err
    assert err.endswith("; interrupted\n")


def test_ctrl_c_during_an_estimate_prints_what_is_known_by_then() -> None:
    estimate = ("explore", "toy/large", "--estimate", "--runs", "10000000", "--budget", "1h")
    code, out, err = interrupted(*estimate)
    *_, drawn, _, line = out.splitlines()
    assert code == 130
    assert re.fullmatch(r"from [\d,]+ random walks?; interrupted", drawn)
    assert line.startswith("aprt: ESTIMATE scenario=toy/large ")
    assert "Traceback" not in err
    code, out, _ = interrupted(*estimate, "--format", "json")
    assert (code, json.loads(out)["interrupted"]) == (130, True)


def test_ctrl_c_during_one_of_several_searches_ends_them_all() -> None:
    code, out, _ = interrupted("explore", "toy/tidy", "toy/large", "toy/abba", "--format", "json")
    assert code == 130
    assert [one["scenario"] for one in json.loads(out)["verdicts"]] == ["toy/tidy"]


EARLY = """
import os, signal
from tests.toy import ERAS
from aprt.cli.root import root
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background is born deaf to it
def eras():
    os.kill(os.getpid(), signal.SIGINT)  # Ctrl-C while the model is still being found
    return ERAS
root(obj=eras)
"""


def test_ctrl_c_before_the_search_still_gives_a_whole_answer() -> None:
    process = start("explore", "toy/large", "--format", "json", program=EARLY)
    out, err = process.communicate()
    data = json.loads(out)
    assert (process.returncode, data["verdict"], data["states"]) == (130, "INCONCLUSIVE", 0)
    assert "Traceback" not in err


def test_ctrl_c_during_a_run_cuts_it_and_prints_what_happened() -> None:
    process = start("run", "toy/large", program=EARLY)
    out, err = process.communicate()
    assert (process.returncode, err) == (130, "")
    assert out.splitlines()[-1].startswith("aprt: RAN property=- scenario=toy/large ")
    assert " ending=interrupted token=-" in out.splitlines()[-1]
    assert "; interrupted\n" in out


def test_a_replay_that_ctrl_c_does_not_cut_is_shown_whole_and_exits_as_one() -> None:
    process = start("replay", "aprt2:toy/abba:rgFjmI097Uqg", program=EARLY)
    out, err = process.communicate()
    assert (process.returncode, err) == (1, "")
    assert out.splitlines()[-1].startswith("aprt: VIOLATED property=T3 scenario=toy/abba ")


IN_RUN_3 = """
import os, signal
from tests.toy import ERAS
from aprt.cli.root import root
from aprt.verdict import live
def tally(way, *args, **kwargs):
    seeds.append(1)
    if len(seeds) == 3:
        os.kill(os.getpid(), signal.SIGINT)
    return direction(way, *args, **kwargs)
seeds, direction, live.direction = [], live.direction, tally
root(obj=lambda: ERAS)
"""


def test_ctrl_c_while_hits_are_counted_prints_those_so_far_as_valid_json() -> None:
    args = "bench", "live-hits", "toy/tidy", "--property", "T1", "--format", "json"
    process = start(*args, program=IN_RUN_3)
    out, err = process.communicate()
    assert (process.returncode, err) == (130, "")
    assert json.loads(out)["ways"] == [
        {"way": "plain", "hits": 0, "runs": 3, "per_1000": 0.0, "first": None, "complete": False}
    ]


def test_ctrl_c_during_a_check_of_the_museum_tells_what_was_checked_and_what_was_not() -> None:
    real = REPORTING.replace("tests.toy", "aprt.vfio_ap.eras")
    code, out, err = interrupted("museum", "check", "--format", "json", program=real)
    counts = json.loads(out)["counts"]
    assert (code, counts["not met"]) == (130, 0)
    assert counts["met"] >= 1
    assert counts["not reached"] >= 1
    assert "Traceback" not in err


# Ctrl-C comes while a module is being found that is imported then
IMPORTING = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Finder:
    def find_spec(self, name, path, target=None):
        if name == {name!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
from aprt.cli import main
main()
"""


@pytest.mark.parametrize(
    ("args", "name"),
    [
        (("property", "show", "P1"), "click"),
        (("property", "show", "P1"), "aprt.core.scenario"),
        (("property", "show", "P1"), "aprt.vfio_ap.v4.era"),
        (("property", "show", "P1"), "aprt.view.catalogue"),
        (("explore", "v4/h3"), "aprt.cli.explore"),
        (("explain", "B4"), "aprt.runtime.stage"),
    ],
)
def test_ctrl_c_during_an_import_is_one_line(args: tuple[str, ...], name: str) -> None:
    process = start(*args, program=IMPORTING.format(name=name))
    out, err = process.communicate()
    told = [line for line in err.splitlines() if "looking for" not in line]
    assert (process.returncode, out, told) == (130, "", ["aprt: interrupted"])


def test_nothing_else_is_imported_before_ctrl_c_is_heeded() -> None:
    program = "import os, sys; known = set(sys.modules); import aprt.cli; print(*sorted(set(sys.modules) - known))"
    bare = subprocess.run(  # without what `site` imports; `os` is there in any Python that has started
        [sys.executable, "-S", "-c", program], cwd=ROOT, env={}, capture_output=True, text=True, check=True
    )
    assert bare.stdout.split() == ["aprt", "aprt.cli", "aprt.cli.leaving"]


# Ctrl-C comes before a function is called for the first time, wherever that is
BEFORE = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from tests.toy import ERAS
import aprt.cli, {module}
def first(*args, **options):
    {module}.{name} = original
    os.kill(os.getpid(), signal.SIGINT)
    return original(*args, **options)
original, {module}.{name} = {module}.{name}, first
aprt.cli.known_eras = lambda: ERAS
aprt.cli.main()
"""


def stopped_before(module: str, name: str, *args: str) -> tuple[int, str, str]:
    process = start(*args, program=BEFORE.format(module=module, name=name))
    out, err = process.communicate()
    assert "Traceback" not in err
    assert "Exception ignored" not in err
    return process.returncode, out, err


@pytest.mark.parametrize(
    ("module", "name"),
    [("aprt.verdict.confirm", "confirm"), ("aprt.cli.explore", "echo"), ("aprt.cli.root", "for_git"), ("sys", "exit")],
)
def test_ctrl_c_that_comes_after_the_search_changes_nothing(module: str, name: str) -> None:
    code, out, err = stopped_before(module, name, "explore", "toy/abba")
    assert (code, err.count("\n")) == (1, 1)
    assert out.splitlines()[-1].startswith("aprt: VIOLATED property=T3 scenario=toy/abba ")


@pytest.mark.parametrize(
    ("module", "name", "after"),
    [("aprt.explore.failures.minimal", "fewest_preemptions", 3), ("aprt.explore.failures.delta", "_onwards", 1)],
)
def test_ctrl_c_during_shrinking_prints_the_smallest_schedule_so_far(module: str, name: str, after: int) -> None:
    steps = [("a", "counter.load"), ("b", "counter.load"), ("c", "counter.load")]
    steps += [("a", "counter.store"), ("c", "counter.store"), ("b", "counter.store")]
    states = ("--max-states", "0") if name == "_onwards" else ()
    code, out, err = stopped_before(module, name, "shrink", token_of("toy/lost-update+threads=3", steps), *states)
    assert (code, err) == (130, "")
    assert "perhaps not minimal: trying was stopped" in out
    told = out.splitlines()[-1]
    assert told.startswith("aprt: SHRUNK property=T1 scenario=toy/lost-update ")
    assert f" claim=stopped preemptions={after} " in told


def test_ctrl_c_behind_shrinking_changes_nothing() -> None:
    code, out, err = stopped_before("aprt.verdict.confirm", "confirm", "shrink", ABBA)
    assert (code, err) == (0, "")
    assert " claim=optimal " in out.splitlines()[-1]


def test_ctrl_c_while_trio_runs_ends_the_search_when_it_does_not() -> None:
    several = ("toy/abba", "toy/large", "toy/doors", "--strategy", "states")
    code, out, _ = stopped_before("aprt.runtime.stage", "Watchdog", "explore", *several)
    assert code == 130
    assert re.fullmatch(r"aprt: 3 scenarios: (1 VIOLATED, 2|3) not answered; states=[05]", out.splitlines()[-1])


# Ctrl-C comes while a search drops an object
DROPPING = """
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
import aprt.cli, aprt.cli.progress
from tests.toy import ERAS
class Dropped:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(100):
            pass
class Line(aprt.cli.progress.ProgressLine):
    def __call__(self, progress):
        dropped.clear()
dropped, aprt.cli.progress.ProgressLine = [Dropped()], Line
aprt.cli.known_eras = lambda: ERAS
aprt.cli.main()
"""


def test_ctrl_c_in_a_finalizer_ends_the_search() -> None:
    process = start("explore", "toy/large", "--strategy", "states", program=DROPPING)
    out, err = process.communicate()
    assert (process.returncode, err.count("\n")) == (130, 1)
    assert err.endswith("; interrupted\n")
    assert out.splitlines()[-1].startswith("aprt: INCONCLUSIVE property=T5 scenario=toy/large ")


NEVER_DEAF = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background is born deaf to it
from aprt.cli import main
main()
"""
SWALLOWING = """
import os, signal
from aprt import Actor, Context, System, handler

class Counter(Actor[int]):
    def initial(self): return 0
    @handler(writes="*")
    def add(self, state, by): return state + 1, None

counters, pressed = (Counter("one"), Counter("two")), []

def add(counter):
    async def adding():
        for i in range(700):
            if i == 20 and not pressed:
                pressed.append(i)
                try:
                    os.kill(os.getpid(), signal.SIGINT)
                except BaseException:
                    pass
            await counter.add()
    return adding

system = System(counters, tuple(Context(f"adds {c.name}", add(c)) for c in counters))
"""


def test_ctrl_c_that_a_behaviour_swallows_ends_the_search_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(SWALLOWING)
    process = start("explore", f"{tmp_path}/own.py:system", "--strategy", "states", program=NEVER_DEAF)
    out, err = process.communicate()
    assert (process.returncode, out.splitlines()[-1].split()[:2]) == (130, ["aprt:", "INCONCLUSIVE"])
    assert err.endswith("; interrupted\n")


# Ctrl-C comes twice while the model is being found
TWICE = """
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
import aprt.cli
def eras():
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGINT)
aprt.cli.known_eras = eras
aprt.cli.main()
"""


def test_ctrl_c_that_comes_again_ends_the_process_at_once() -> None:
    process = start("explore", "toy/large", program=TWICE)
    out, err = process.communicate()
    assert (process.returncode, out, err) == (130, "", "aprt: interrupted\n")


def test_a_process_that_ends_looks_for_no_garbage() -> None:
    program = (
        "import atexit, gc; from aprt.cli import main;"
        "atexit.register(lambda: print(len(gc.get_objects()) < gc.get_freeze_count())); main()"
    )
    out, err = start("era", "list", program=program).communicate()
    assert (out.splitlines()[-1], err) == ("True", "")


def test_ctrl_c_where_nothing_can_be_told_is_one_line() -> None:
    process = start("era", "list", program=EARLY)
    out, err = process.communicate()
    assert (process.returncode, out, err) == (130, "", "aprt: interrupted\n")


def test_a_reader_that_leaves_early_is_no_error() -> None:
    with start("scenario", "show", "toy/lost-update") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert (process.stderr.read(), process.wait()) == ("", 141)


@pytest.mark.parametrize(
    "args", [("scenario", "list"), ("--help",), ("explore", "toy/tidy"), ("run", "toy/tidy"), ("doctor",)]
)
def test_output_that_cannot_be_written_is_one_line_and_no_verdict(args: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:
        program = [sys.executable, "-c", TOY, *args]
        done = subprocess.run(program, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True)
    lines = [line for line in done.stderr.splitlines() if "states, " not in line]
    assert (done.returncode, lines) == (74, ["aprt: the output cannot be written: No space left on device"])


def test_closed_output_is_output_to_nowhere() -> None:
    program = f"{sys.executable} -c '{TOY}' explore toy/abba >&- 2>&-"
    assert subprocess.run(program, cwd=ROOT, shell=True).returncode == 1


CRASH = """
from aprt.cli.root import root
def eras():
    raise RuntimeError("a bug")
root(obj=eras)
"""


def test_a_crash_is_never_mistaken_for_a_verdict() -> None:
    process = start("era", "list", program=CRASH)
    out, err = process.communicate()
    assert (process.returncode, out) == (70, "")
    assert "RuntimeError: a bug" in err
    assert err.endswith("aprt: this is a mistake in aprt or in a model, not in what you typed\n")


SLOW = {"trio", "rich", "aprt.explore.explore", "aprt.runtime", "statistics"}
SERIES, RELEASES = {"aprt.vfio_ap.v4", "aprt.vfio_ap.series"}, {"aprt.vfio_ap.mainline", "aprt.vfio_ap.releases.eras"}
TELLING = {"trio", "msgspec", "importlib.metadata", "aprt.detect.detectors", "aprt.verdict.cause"}
MODEL = {"pyrsistent", "msgspec", "attr", "importlib.metadata"}


@pytest.mark.parametrize(
    ("args", "begins", "heavy"),
    [
        (("--help",), "Usage: aprt ", SLOW | MODEL),
        (("explore", "--help"), "Usage: aprt ", SLOW | MODEL),
        (("--version",), "aprt ", SLOW | MODEL),
        (("museum", "list"), "bug ", SLOW | {"aprt.vfio_ap"}),
        (("scenario", "list"), "v4/", SLOW | {"aprt.museum"}),
        (("property", "list"), "K1 ", SLOW | {"aprt.museum"}),
        (("property", "show", "P1"), "P1 ", SLOW | {"aprt.museum"}),
        (("explore", "v4/h3+all-measures", "--format", "json"), "{", RELEASES | TELLING),
        (("explore", "v4/h3", "--estimate", "--runs", "1"), "v4/h3 ", RELEASES),
        (("scenario", "show", "2026/kill-qemu"), "2026/kill-qemu ", SLOW | SERIES),
    ],
)
def test_a_command_imports_nothing_heavy_that_it_has_no_use_for(
    args: tuple[str, ...], begins: str, heavy: set[str]
) -> None:
    program = (
        f"import sys, atexit; from aprt.cli import main; heavy = {heavy};"
        "atexit.register(lambda: print(sorted(heavy & set(sys.modules)), file=sys.stderr)); main()"
    )
    process = start(*args, program=program)
    out, err = process.communicate()
    assert (process.returncode, err.splitlines()[-1]) == (0, "[]")
    assert out.startswith(begins)


def test_python_m_aprt_is_aprt() -> None:
    result = subprocess.run([sys.executable, "-m", "aprt", "--version"], cwd=ROOT, capture_output=True, text=True)
    assert (result.returncode, result.stdout.split()[0]) == (0, "aprt")
