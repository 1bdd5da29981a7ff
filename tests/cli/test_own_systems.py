"""A system of one's own in a file: every command takes it by its name, and says what to name where it cannot."""

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aprt.cli import known_eras
from aprt.cli.own_modules import module_of
from aprt.cli.root import root

FILE = """
from aprt import DEADLOCK, Actor, Context, System, always, at_end, choose, handler

class Counter(Actor[int]):
    def initial(self): return 0
    @handler(reads="*")
    def read(self, state, by): return state, state
    @handler(writes="*")
    def write(self, state, by, value): return value, None
    @handler(writes="*")
    def add(self, state, by): return state + 1, None

counter = Counter("counter")

async def bump():
    await counter.write(await counter.read() + 1)

two = at_end("two", (counter,), lambda view: None if view(counter) == 2 else f"counter is {view(counter)}")
system = System((counter,), (Context("a", bump), Context("b", bump)))

async def add():
    await counter.add()

def repaired():
    return System((counter,), (Context("a", add), Context("b", add)))

def strict():
    return repaired(), [always("one", (counter,), lambda view: "more than one" if view(counter) > 1 else None)]

def one():
    return repaired(), two

def seven(): return 7
def sized(count): return system
def both(): return system, (two, two)
number = 7
"""
TOKEN = "aprt2:ring.py:system:"


@pytest.fixture(autouse=True)
def in_a_directory_with_a_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ring.py").write_text(FILE)
    monkeypatch.chdir(tmp_path)


def aprt(*args: str) -> Result:
    return CliRunner().invoke(root, args, obj=known_eras)


def test_what_is_not_modelled_of_the_machine_is_said_of_the_eras_alone() -> None:
    told = json.loads(aprt("explore", "v4/h7", "--format", "json").stdout)["scope"]
    assert told[-1] == "not modelled: weak memory, real time, interrupt latency, firmware inside the card"


MISTAKES = """
def returned():
    async def forget(): return counter.read()
    return System((counter,), (Context("a", forget),))

def plain(): return System((counter,), (Context("a", print),))
def called(): return System((counter,), (Context("a", bump()),))
def bare(): return System((counter,), (bump,))
async def pick(): await choose("door")
def doorless(): return System((counter,), (Context("a", pick),))
"""


@pytest.mark.parametrize("command", ["explore", "run"])
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("returned", "with {file}: a returned counter.read, which was not sent: an await is missing"),
        ("plain", "with {file}: context a starts with <built-in function print>, which is no async function"),
        ("called", "{file}: line 43: context a: expected an async function, uncalled, found <coroutine object bump at"),
        ("doorless", "{file}: line 45: choose 'door' has no options; give it one or more"),
        ("bare", "{file}: line 44: contexts: expected a tuple of contexts, as in (Context('alice', close),), found ("),
    ],
)
def test_a_mistake_in_a_system_is_told_in_one_line_by_explore_and_run_alike(
    name: str, told: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in [module for module in sys.modules if module.startswith("aprt_own_")]:
        monkeypatch.delitem(sys.modules, other)  # or an error line names its file, too
    file = tmp_path / "wrong.py"
    file.write_text(FILE + MISTAKES)
    result = aprt(command, f"{file}:{name}")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.startswith(f"aprt: {told.format(file=file)}")


def last(result: Result) -> str:
    return result.stdout.splitlines()[-1]


def test_a_system_is_searched_for_what_breaks_the_properties_of_its_file() -> None:
    result = aprt("explore", "ring.py:system")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[:3] == [
        "ring.py:system  a system of one's own",
        "",
        "VIOLATED two",
    ]
    assert "scope       contexts: a, b; actors: counter\n" in result.stdout
    assert "\nnot in it   weak memory, real time\n" in result.stdout
    answer = "aprt: VIOLATED property=two scenario=ring.py:system era=- with=- complete=no strategy=states traces=- "
    assert last(result).startswith(f"{answer}states=12 steps=14 token={TOKEN}")


@pytest.mark.parametrize(
    ("name", "property", "code"),
    [("repaired", "two,deadlock", 0), ("one", "two,deadlock", 0), ("strict", "one", 1)],
)
def test_a_function_makes_a_system_alone_or_with_its_properties(name: str, property: str, code: int) -> None:
    result = aprt("explore", f"ring.py:{name}")
    assert result.exit_code == code
    word = "VIOLATED" if code else "HOLDS"
    assert last(result).startswith(f"aprt: {word} property={property} scenario=ring.py:{name} era=- ")


def test_a_property_of_the_file_is_asked_of_the_systems_that_have_its_actors() -> None:
    more = """
other = Counter("other")
async def once(): await other.add()
alone = System((other,), (Context("c", once),))
idle = at_end("idle", (other,), lambda view: None if view(other) == 0 else f"other is {view(other)}")
"""
    Path("couple.py").write_text(FILE + more)
    for name, property, left in (("system", "two", "idle"), ("alone", "idle", "two")):
        result = aprt("explore", f"couple.py:{name}")
        assert result.exit_code == 1
        assert last(result).startswith(f"aprt: VIOLATED property={property} scenario=couple.py:{name} ")
        scope = " ".join(result.stdout.split())
        assert f"actors: {'counter' if left == 'idle' else 'other'}; not asked, about other actors: {left} " in scope


def test_a_property_with_two_names_in_the_file_is_one() -> None:
    Path("named_twice.py").write_text(FILE + "again = two\n")
    told = last(aprt("explore", "named_twice.py:repaired"))
    assert told.startswith("aprt: HOLDS property=two,deadlock scenario=named_twice.py:repaired ")


def test_a_system_that_has_a_lock_is_asked_whether_it_is_released_by_who_holds_it() -> None:
    more = """
from aprt import Mutex
lock = Mutex("lock")
async def rightly():
    await lock.lock()
    await bump()
    await lock.unlock()
async def wrongly():
    await rightly()
    await lock.unlock()
right = System((counter, lock), (Context("a", rightly), Context("b", rightly)))
wrong = System((counter, lock), (Context("a", rightly), Context("b", wrongly)))
"""
    Path("locks.py").write_text(FILE + more)
    assert last(aprt("explore", "locks.py:right")).startswith("aprt: HOLDS property=two,K2,deadlock ")
    assert last(aprt("explore", "locks.py:wrong")).startswith("aprt: VIOLATED property=K2 ")


def test_what_holds_for_any_system_can_be_asked_for() -> None:
    told = last(aprt("explore", "ring.py:repaired", "--property", "all"))
    assert told.startswith("aprt: HOLDS property=two,K1,K2,K3,P20,P21,P22,P23,deadlock,hang ")
    assert last(aprt("explore", "ring.py:system", "--property", "hang")).startswith("aprt: HOLDS property=hang ")


def test_its_token_goes_to_the_commands_that_take_one() -> None:
    token = last(aprt("explore", "ring.py:system")).rpartition("token=")[2]
    replayed = aprt("replay", token)
    assert replayed.exit_code == 1
    assert "VIOLATED two: counter is 1\n" in replayed.stdout
    explained = aprt("explain", token)
    assert "violates two: counter is 1\n" in explained.stdout
    assert "always      b: counter.read -> a: counter.write\n" in explained.stdout
    shrunk = aprt("shrink", token)
    assert last(shrunk).startswith("aprt: SHRUNK property=two scenario=ring.py:system era=- with=- claim=optimal ")


def test_its_token_and_its_schedule_file_name_the_file_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    token = last(aprt("explore", "ring.py:system", "--schedule", "race.json")).rpartition("token=")[2]
    there, other = Path.cwd(), tmp_path / "other"
    other.mkdir()
    monkeypatch.chdir(other)
    module_of.cache_clear()  # as in another process
    for recorded, told in ((token, "this token"), ("../race.json", "../race.json")):
        result = aprt("replay", recorded)
        assert (result.exit_code, result.stderr) == (
            2,
            f"aprt: {told} is of ring.py, and there is no such file in {other}: "
            "go to where that is, or put its whole path in the place of ring.py\n",
        )
    whole = token.replace("ring.py", f"{there}/ring.py")
    assert aprt("replay", whole).exit_code == 1
    assert aprt("replay", whole, "--with", "x.py:P").stderr == "aprt: x.py: no such file\n"


@pytest.mark.parametrize("file", ["ring.py", "sub/ring.py", "2026/ring.py"])
def test_its_token_and_its_schedule_file_tell_that_its_file_has_changed(file: str) -> None:
    Path(file).parent.mkdir(exist_ok=True)
    Path(file).write_text(FILE + "# as it was\n")
    name = "./" + file if file.startswith("2026") else file
    token = last(aprt("explore", f"{name}:system", "--schedule", "race.json")).rpartition("token=")[2]
    assert json.loads(Path("race.json").read_text())["own"] == token[-4:]
    for recorded in (token, "race.json"):
        assert (aprt("replay", recorded).exit_code, aprt("replay", recorded).stderr) == (1, "")
    Path(file).write_text(FILE + "# as it is\n")
    for recorded in (token, "race.json"):
        changed = aprt("replay", recorded)
        assert changed.exit_code == 1
        assert changed.stderr.startswith(f"aprt: {name} is not what it was when this schedule was written down: ")


def test_it_is_run_on_trio() -> None:
    ran = aprt("run", "ring.py:system", "--seed", "3", "--runs", "20")
    assert ran.exit_code == 1
    assert " scenario=ring.py:system era=- with=- mode=gated " in last(ran)
    assert "VIOLATED two: counter is 1\n" in ran.stdout


def test_what_was_never_exercised_is_told_without_a_case_of_the_eras() -> None:
    told = aprt("explore", "ring.py:repaired", "--property", "all").stdout
    assert "was never exercised" in told or "were never exercised" in told
    assert "elsewhere" not in told


def test_other_commands_take_it_like_a_scenario() -> None:
    shown = aprt("scenario", "show", "ring.py:system")
    assert shown.exit_code == 0
    assert shown.stdout.startswith(
        "ring.py:system  a system of one's own\n\nchecked\n  two       two\n"
        "  deadlock  as long as something is left to do, somebody can go on\n"
    )
    compared = aprt("diff", "ring.py:system", "ring.py:repaired")
    assert " removed=two added=- " in last(compared)
    assert " scenario=ring.py:system " in last(aprt("races", "ring.py:system"))
    several = aprt("explore", "ring.py:system", "ring.py:repaired", "--jobs", "2")
    assert [line.partition(" era=")[0] for line in several.stdout.splitlines()[:2]] == [
        "aprt: VIOLATED property=two scenario=ring.py:system",
        "aprt: HOLDS property=two,deadlock scenario=ring.py:repaired",
    ]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("ring.py",), "ring.py: name the system in it (ring.py:system)"),
        (("ring.py:sytem",), "ring.py has no scenario called 'sytem' (did you mean 'system'?)"),
        (
            ("ring.py:nosuch",),
            "ring.py has no scenario called 'nosuch' (known: system, repaired, strict, one, seven, both)",
        ),
        (("made.py",), "made.py: name the system in it (made.py:made)"),
        (
            ("ring.py:bump",),
            "ring.py:bump: is no scenario, no System, and no function that makes one without arguments",
        ),
        (
            ("ring.py:sized",),
            "ring.py:sized: is no scenario, no System, and no function that makes one without arguments",
        ),
        (
            ("ring.py:number",),
            "ring.py:number: is no scenario, no System, and no function that makes one without arguments",
        ),
        (("ring.py:seven",), "ring.py:seven() made 7; give back a System, or a pair (System, properties)"),
        (("ring.py:both",), "ring.py:both: two properties are called 'two'; give each a name of its own"),
        (("2026/ring.py:system",), "ring.py:system is a system of your own, of no era; leave '2026' out"),
        (("ring.py:system", "--era", "v4"), "ring.py:system is a system of your own, of no era; leave 'v4' out"),
        (
            ("ring.py:system", "--with", "B8"),
            "ring.py:system is a system of your own and has no switches; leave 'B8' out",
        ),
        (("ring.py:system+vm_ref",), "ring.py:system is a system of your own and has no switches; leave 'vm_ref' out"),
        (("ring.py:system", "--property", "tow"), "unknown property 'tow' (did you mean 'two'?)"),
    ],
)
def test_what_cannot_be_meant_is_told_in_one_line(args: tuple[str, ...], message: str) -> None:
    Path("made.py").write_text("from aprt import System\nfrom os import getcwd\ndef made(): return System((), ())\n")
    result = aprt("explore", *args)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"aprt: {message}\n")


def test_a_directory_in_the_name_of_a_file_is_no_era(monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("my", "v4"):
        Path(place).mkdir()
        Path(place, "box.py").write_text(FILE)
        assert last(aprt("explore", f"{place}/box.py:repaired")).startswith(
            f"aprt: HOLDS property=two,deadlock scenario={place}/box.py:repaired era=- "
        )
    monkeypatch.chdir("my")
    Path("lone.py").write_text(FILE)
    Path("v4").mkdir()
    Path("v4", "lone.py").write_text("")
    for name, message in (
        ("my/lone.py", "my/lone.py: no such file"),
        ("v5/lone.py", "unknown era 'v5' (see aprt era list)"),
        ("v4/lone.py", "lone.py:system is a system of your own, of no era; leave 'v4' out"),
    ):
        typed = aprt("explore", f"{name}:system")
        assert (typed.exit_code, typed.stdout, typed.stderr) == (2, "", f"aprt: {message}\n")


@pytest.mark.parametrize("file", ["bare.py", "../bare.py", "./up/../bare.py"])
def test_a_mistake_in_a_class_is_told_by_its_line(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("up").mkdir()
    if file.startswith(".."):
        monkeypatch.chdir("up")
    Path(file).write_text(FILE.replace('    @handler(reads="*")\n', ""))
    result = aprt("explore", f"{file}:system")
    told = "Counter.read has the parameters of a handler, and is no message; put @handler(...) before it"
    assert result.exit_code == 2
    assert result.stderr.startswith(f"aprt: {file}: line 4: ")
    assert told in result.stderr
