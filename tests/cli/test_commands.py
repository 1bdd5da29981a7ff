import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aprt.cli import known_eras
from aprt.cli.root import COMMANDS, root
from aprt.core.schedule import Schedule
from aprt.core.token import encode
from tests.toy import ERAS


def aprt(*args: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(root, args, obj=lambda: ERAS, env=env)


def token_of(scenario: str, steps: list[tuple[str, str]]) -> str:
    return encode(scenario, Schedule.of(steps))


ABBA = "aprt2:toy/abba:rgFjmI097Uqg"


@pytest.mark.parametrize(
    ("args", "code", "last"),
    [
        (("toy/abba",), 1, "aprt: VIOLATED property=T3 scenario=toy/abba era=toy with=- complete=no "),
        (("toy/tidy",), 0, "aprt: HOLDS property=T1 scenario=toy/tidy era=toy with=locked complete=yes "),
        (("tidy", "--era", "toy"), 0, "aprt: HOLDS property=T1 "),
        (("toy/lost-update", "--with", "atomic"), 0, "aprt: HOLDS property=T1 "),
        (("toy/tidy", "--without", "locked"), 1, "aprt: VIOLATED property=T1 "),
        (("toy/abba", "--with", "all-measures", "--without", "locked"), 1, "aprt: VIOLATED property=T3 "),
        (("toy/lost-update", "--property", "T2"), 0, "aprt: HOLDS property=T2 "),
        (("toy/lost-update", "--property", "all", "--stop-on", "all"), 1, "aprt: VIOLATED property=T1 "),
        (("toy/large", "--max-states", "100"), 3, "aprt: INCONCLUSIVE property=T5 "),
        (("toy/large", "--max-depth", "3"), 3, "aprt: INCONCLUSIVE property=T5 "),
        (("toy/large", "--budget", "1ms"), 3, "aprt: INCONCLUSIVE property=T5 "),
        (("toy/tidy", "--strategy", "random", "--runs", "5", "--seed", "3"), 3, "aprt: NOT FOUND property=T1 "),
    ],
)
def test_explore_exits_with_the_code_of_its_verdict(args: tuple[str, ...], code: int, last: str) -> None:
    result = aprt("explore", *args)
    assert (result.exit_code, result.stdout.splitlines()[-1][: len(last)]) == (code, last)


def test_data_goes_to_stdout_and_progress_to_stderr() -> None:
    result = aprt("explore", "toy/tidy", "--format", "json")
    assert json.loads(result.stdout)["verdict"] == "HOLDS"
    assert result.stderr.startswith("aprt: 16 states, 16 steps, depth 8, ")
    assert result.stderr.endswith("; complete\n")


USAGE = [
    (("explor", "x"), "unknown command 'explor' (did you mean 'explore'?) (try 'aprt --help')"),
    (("scenario",), "missing command (try 'aprt scenario --help')"),
    (("scenario", "sho"), None),
    (("explore",), "missing argument 'SCENARIO...' (try 'aprt explore --help')"),
    (("explore", "toy/abba", "--format", "xml"), None),
    (("explore", "toy/abba", "--runz", "3"), None),
    (("explore", "toy/abba", "--max-states", "0"), None),
    (
        ("explore", "toy/abba", "--budget", "soon"),
        "invalid value for '--budget': 'soon' is no duration (try 10s, 500ms or 2m) (try 'aprt explore --help')",
    ),
    (("explore", "toy/abbba"), "unknown scenario 'abbba' (did you mean 'abba'?)"),
    (("explore", "abba"), "unknown era 'v4' (known: toy)"),
    (("explore", "toy/abba+lokked"), "unknown switch 'lokked' (did you mean 'locked'?)"),
    (("explore", "toy/abba", "--with", "lokked"), "unknown switch 'lokked' (did you mean 'locked'?)"),
    (("explore", "toy/abba", "--property", "T33"), "unknown property 'T33' (did you mean 'T3'?)"),
    (("explore", "toy/abba", "--strategy", "statez"), "unknown strategy 'statez' (did you mean 'states'?)"),
    (("replay", "aprt1:toy/abba:rgFjmI097Uqg"), "token has unknown version 'aprt1' (this aprt reads 'aprt2')"),
    (("replay", "aprt2:toy/abbba:rgFjmI097Uqg"), "unknown scenario 'abbba' (did you mean 'abba'?)"),
    (("explain", ABBA[:-1]), None),
    (
        ("explain", ABBA, "--as", "kasan"),
        "--as kasan does not fit: T3 is told as columns, story or table",
    ),
    (("explain", "/"), "/: is a directory, not a schedule file"),
    (("run", "toy/abba", "--jitter", "3"), "--jitter goes with --free, and not with --chaos (try 'aprt run --help')"),
    (
        ("explore", "toy/abba", "--property", "T5"),
        "toy/abba does not know property T5; aprt property show T5 names the scenarios that do",
    ),
    (
        ("run", "toy/abba", "--detect"),
        "option '--detect' requires an argument: all, none, lock-order, hang, lost-wakeup, stuck-message, "
        "atomic-sleep, race, guard, use-after-free, leak, refcount (try 'aprt run --help')",
    ),
    (("explore", "--budget"), "option '--budget' requires an argument: DURATION (try 'aprt explore --help')"),
    (("property", "list", "--era"), "option '--era' requires an argument: ERA (try 'aprt property list --help')"),
    (
        ("explore", "toy/abba", "--properti", "T3"),
        "no such option '--properti' (did you mean '--property'?) (try 'aprt explore --help')",
    ),
    (("property", "show", "T33"), "unknown property 'T33' (did you mean 'T3'?)"),
    (("scenario", "show", "toy/abbba"), "unknown scenario 'abbba' (did you mean 'abba'?)"),
    (("explore", "toy"), "unknown era 'v4' (known: toy)"),
    (("explore", "toy", "--era", "toy"), "toy is an era: name a scenario of it (aprt scenario list --era toy)"),
    (
        ("explore", "B4", "--era", "toy"),
        "B4 is a bug of the museum; its scenario is 5.15/remove-mdev+B4=out",
    ),
    (
        ("locks", "1e753732bda6", "--era", "toy"),
        "1e753732bda6 is a bug of the museum; its scenario is 5.15/remove-mdev+B4=out",
    ),
    (("run", "B99"), "no entry is called 'B99' (did you mean 'B9'?)"),
    (("explore", "toy/xyzzy"), "unknown scenario 'xyzzy' (known: lost-update, abba, doors, large, tidy)"),
    (("explore", ABBA), f"{ABBA} is a token: it goes to aprt replay, or to aprt explain"),
    (("explore", "toi/abba"), "unknown era 'toi' (did you mean 'toy'?)"),
    (
        ("explain", ""),
        "'': no such file, and not a token (aprt2:ERA/SCENARIO:LETTERS) or a bug of the museum (B8) either",
    ),
    (("run", "/nowhere"), "/nowhere: no such directory"),
    (
        ("explore", "tests"),
        "tests: content: no topology: neither etc/mdevctl.d/matrix nor guests nor script.toml is in it; "
        "name a directory that has them, or a scenario (ERA/NAME)",
    ),
    (
        ("explore", "demos/handler_lock.py"),
        "demos/handler_lock.py: there is no scenario in it, but patches "
        "(--with demos/handler_lock.py:V1 or --with demos/handler_lock.py:V2)",
    ),
    (("explore", "toy/abba", "--with", "README.md:V1"), "README.md is no Python file"),
    (("explore", "toy/abba+"), "toy/abba+: a switch is missing after +"),
    (
        ("diff", "toy/abba", "toy/*"),
        "toy/abba and toy/*: an era or a pattern is compared with another one, not with a scenario",
    ),
    (("explore", "toy/abba", "--with", "a.py"), "a.py: no such file"),
    (("explore", "toy/abba", "P3", "--era", "toy"), "P3 is no scenario: --property P3 takes it"),
    (
        ("explore", "abba", "--with", "locked", "atomic", "--era", "toy"),
        "atomic is no scenario: --with atomic takes it",
    ),
    (
        ("explore", "toy/abba", "--with", "locked,atomic"),
        "invalid value for '--with': one each, as in --with locked --with atomic (try 'aprt explore --help')",
    ),
    (
        ("explore", "toy/abba", "--property", "T1,T2"),
        "invalid value for '--property': one each, as in --property T1 --property T2 (try 'aprt explore --help')",
    ),
    (("run", "README.md"), "README.md: is a file; name the directory of a topology, or a scenario (ERA/NAME)"),
    (("run", "no/where"), "no/where: no such directory, and 'no' is no era (known: toy)"),
    (("run", "demos/three-gests"), "demos/three-gests: no such directory (did you mean 'demos/three-guests'?)"),
    (
        ("run", "demos/three-guests/script.toml"),
        "demos/three-guests/script.toml: is a file; name the directory of a topology, or a scenario (ERA/NAME)",
    ),
    (
        ("explore", "toy/abba", "--measures-matrix", "--with", "locked"),
        "--measures-matrix tries every set of measures: leave locked to it (try 'aprt explore --help')",
    ),
    (
        ("explore", "toy/tidy", "--measures-matrix", "--without", "locked"),
        "--measures-matrix tries every set of measures: leave locked to it (try 'aprt explore --help')",
    ),
    (
        ("explore", "toy/abba", "--measures-matrix", "--schedule", "x.json"),
        "--measures-matrix and --schedule cannot be combined (try 'aprt explore --help')",
    ),
    (
        ("explore", "toy/abba", "--measures-matrix", "--strategy", "random"),
        "--measures-matrix and --strategy cannot be combined (try 'aprt explore --help')",
    ),
    (
        ("explore", "toy/abba", "--compare", "locked"),
        "invalid value for '--compare': 'locked' is no change (try with=SWITCH or without=SWITCH) "
        "(try 'aprt explore --help')",
    ),
    (
        ("explore", "toy/abba", "--compare", "with=locked", "--estimate"),
        "--compare and --estimate cannot be combined (try 'aprt explore --help')",
    ),
    (("explore", "toy/abba", "--compare", "with=lokked"), "unknown switch 'lokked' (did you mean 'locked'?)"),
    *(
        ((command, "toy/abba", "--era", "v4"), "scenario 'toy/abba' names era 'toy', but the era asked for is 'v4'")
        for command in ("explore", "run")
    ),
    (("explore", "a*", "--era", "toi"), "unknown era 'toi' (did you mean 'toy'?)"),
    (("explore", "toy/a*", "--era", "v4"), "unknown era 'v4' (known: toy)"),
    *(
        ((command, "demos/three-guests", "--era", "toi"), "unknown era 'toi' (did you mean 'toy'?)")
        for command in ("explore", "run")
    ),
    (("scenario", "list", "foo"), "no scenario has 'foo' in its name or title (aprt scenario list shows all)"),
    (
        ("scenario", "list", "--property", "T33"),
        "no scenario checks T33 without being asked (aprt property show T33)",
    ),
    (("scenario", "list", "--era", "toi"), "unknown era 'toi' (did you mean 'toy'?)"),
    (("explore", "toy/abba", "--schedule", "/no/where"), "cannot write /no/where: No such file or directory"),
]


@pytest.mark.parametrize(("args", "message"), USAGE)
def test_a_mistake_in_what_is_typed_is_one_line_and_exit_2(args: tuple[str, ...], message: str | None) -> None:
    result = aprt(*args)
    lines = [line for line in result.stderr.splitlines() if "states, " not in line]
    assert (result.exit_code, len(lines)) == (2, 1)
    assert lines[0].startswith("aprt: ")
    if message is not None:
        assert lines[0] == f"aprt: {message}"


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (("explore", "nosuch/kill-qemu"), "nosuch/kill-qemu: no such directory, and 'nosuch' is no era"),
        (("explore", "kill-qemu", "--era", "nosuch"), "unknown era 'nosuch'"),
        (("era", "show", "nosuch"), "unknown era 'nosuch'"),
    ],
)
def test_what_is_like_no_era_is_told_where_the_eras_are(args: tuple[str, ...], line: str) -> None:
    result = CliRunner().invoke(root, args, obj=known_eras)
    assert (result.exit_code, result.stderr) == (2, f"aprt: {line} (see aprt era list)\n")


def test_replay_shows_the_steps_on_trio_and_what_they_violate() -> None:
    result = aprt("replay", ABBA, "--detect", "none")
    assert result.exit_code == 1
    assert (
        result.stdout
        == """\
toy/abba  two locks in two orders

   0  left   A.lock()
   1  right  B.lock()

2 steps on trio, the same as in the explorer; deadlock: left waits for B.lock, right waits for A.lock

VIOLATED T3: each waits for the other

aprt: VIOLATED property=T3 scenario=toy/abba era=toy with=- steps=2 token=aprt2:toy/abba:rgFjmI097Uqg
"""
    )


def test_replay_as_json_names_every_step() -> None:
    data = json.loads(aprt("replay", ABBA, "--format", "json").stdout)
    assert (data["schema"], data["ending"], data["token"]) == ("aprt.trace/1", "deadlock", ABBA)
    assert data["steps"][1] == {
        "context": "right",
        "functions": ["right", "take"],
        "op": "B.lock",
        "nth": 1,
        "actor": "B",
        "args": [],
        "reply": None,
        "changed": True,
        "state": "MutexState(owner=right)",
        "notes": ["Took(hold=Hold(lock=B))"],
    }
    assert data["findings"] == [{"property": "T3", "text": "each waits for the other"}]


def test_a_token_that_does_not_fit_the_model_exits_with_4_and_says_why() -> None:
    for args in (("aprt2:toy/abba+same_order:rgFjmI097Uqg",), (ABBA, "--with", "same_order")):
        result = aprt("replay", *args)
        assert (result.exit_code, result.stdout) == (4, "")
        assert result.stderr == (
            "aprt: replay diverged at step 1: expected right to go on to B.lock, but it blocks or is done; "
            "enabled: left: B.lock\n"
        )


def test_a_saved_schedule_replays(tmp_path: Path) -> None:
    file = str(tmp_path / "race.json")
    saved = aprt("explore", "toy/abba", "--schedule", file)
    assert saved.exit_code == 1
    assert saved.stderr.endswith(f"aprt: the schedule is in {file}; aprt replay {file}\n")
    assert aprt("replay", file).stdout.replace(file, ABBA) == aprt("replay", ABBA).stdout
    assert aprt("explain", file).stdout == aprt("explain", ABBA).stdout


@pytest.mark.parametrize("command", [("explore", "toy/nothing"), ("run", "toy/nothing"), ("shrink", "aprt2:nothing")])
@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("no/such/file", "No such file or directory"),
        ("file/x", "Not a directory"),
        ("", "Is a directory"),
        ("/dev/null", "Is no regular file"),
        ("x" * 300, "File name too long"),
    ],
)
def test_a_schedule_that_cannot_be_written_is_told_before_anything_else(
    command: tuple[str, ...], file: str, why: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    result = aprt(*command, "--schedule", str(tmp_path / file))
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"aprt: cannot write {tmp_path / file}: {why}\n")
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("file", "mine")]


def test_a_schedule_file_that_is_there_is_only_replaced_by_a_schedule(tmp_path: Path) -> None:
    file, link = tmp_path / "race.json", tmp_path / "link.json"
    file.write_text("mine")
    link.symlink_to(file)
    mode = file.stat().st_mode
    assert aprt("explore", "toy/tidy", "--schedule", str(link)).exit_code == 0
    assert file.read_text() == "mine"
    assert aprt("explore", "toy/abba", "--schedule", str(link)).exit_code == 1
    assert link.is_symlink()
    assert file.stat().st_mode == mode
    assert aprt("replay", str(file)).exit_code == 1
    assert {one.name for one in tmp_path.iterdir()} == {"race.json", "link.json"}


def test_a_search_and_its_schedule_are_two_files(tmp_path: Path) -> None:
    file = str(tmp_path / "search")
    result = aprt("explore", "toy/abba", "--save", file, "--schedule", file)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"aprt: {file}: a file for the search and one for the schedule cannot be the same (try 'aprt explore --help')\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_saved_when_nothing_is_violated(tmp_path: Path) -> None:
    result = aprt("explore", "toy/tidy", "--schedule", str(tmp_path / "race.json"))
    assert result.stderr.endswith(
        "aprt: nothing was violated, so " + str(tmp_path / "race.json") + " was not written\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_explain_prints_columns_what_they_violate_and_how_to_see_it_again() -> None:
    result = aprt("explain", ABBA)
    lines = result.stdout.splitlines()
    assert (result.exit_code, lines[0]) == (0, "toy/abba")
    assert lines[-11:] == [
        "violates T3: each waits for the other",
        "locks held then: A by left; B by right",
        "",
        "Why",
        "smallest    this one: 1 preemption, 2 steps, 1 switch",
        "            optimal: no failing schedule with fewer preemptions exists",
        "decides     no order of two steps, and no choice, by itself",
        "always      nothing that tells executions that fail from others",
        "searched    16 states, all there are up to a failure",
        "",
        f"reproduce   aprt replay {ABBA}",
    ]
    assert max(map(len, lines)) <= 75


def test_explain_as_json_says_why() -> None:
    data = json.loads(aprt("explain", ABBA, "--as", "json").stdout)
    assert data == json.loads(aprt("explain", ABBA, "--format", "json").stdout)
    assert data["cause"]["smallest"]["token"] == ABBA
    harmless = token_of("toy/abba", [("left", "A.lock")])
    assert json.loads(aprt("explain", harmless, "--as", "json").stdout)["cause"] is None
    assert "Why" not in aprt("explain", harmless).stdout


def test_shrink_prints_the_smallest_schedule_and_says_that_it_is() -> None:
    schedule = [("right", "B.lock"), ("left", "A.lock")]
    result = aprt("shrink", token_of("toy/abba", schedule))
    assert result.exit_code == 0
    assert (
        result.stdout
        == """\
toy/abba  two locks in two orders

T3: no deadly embrace
  each waits for the other

  right                               left
  -----                               ----
  right()
    take()
      mutex_lock(B)
                                      left()
                                        take()
                                          mutex_lock(A)

fails       when left does A.lock
before      1 preemption, 2 steps, 1 switch
after       1 preemption, 2 steps, 1 switch
            optimal: no failing schedule with fewer preemptions exists

reproduce   aprt replay TOKEN
explain     aprt explain TOKEN

aprt: SHRUNK property=T3 scenario=toy/abba era=toy with=- claim=optimal preemptions=1 steps=2 switches=1 token=TOKEN
""".replace("TOKEN", token_of("toy/abba", schedule))
    )


def test_shrink_as_json_has_both_prices_and_a_token_that_replays(tmp_path: Path) -> None:
    steps = [("a", "counter.load"), ("b", "counter.load"), ("c", "counter.load")]
    steps += [("a", "counter.store"), ("c", "counter.store"), ("b", "counter.store")]
    token, file = token_of("toy/lost-update+threads=3", steps), str(tmp_path / "small.json")
    data = json.loads(aprt("shrink", token, "--format", "json", "--schedule", file).stdout)
    assert data["before"] == {"preemptions": 3, "steps": 6, "switches": 5, "token": token}
    assert data["after"] == {"preemptions": 1, "steps": 6, "switches": 3, "token": data["after"]["token"]}
    assert (data["claim"], data["fails"], data["schema"]) == ("optimal", "at the end", "aprt.shrink/1")
    for name in (file, data["after"]["token"]):
        assert aprt("replay", name).exit_code == 1
    tried = json.loads(aprt("shrink", token, "--format", "json", "--max-states", "1").stdout)
    hurried = json.loads(aprt("shrink", token, "--format", "json", "--budget", "0s").stdout)
    for answer in (tried, hurried):
        assert (answer["claim"], answer["after"]["preemptions"]) == ("1-minimal", 1)
    patient = json.loads(aprt("shrink", token, "--format", "json", "--budget", "1h").stdout)
    assert patient["claim"] == "optimal"


def test_shrink_refuses_a_schedule_that_breaks_nothing_and_one_that_does_not_fit() -> None:
    harmless = token_of("toy/abba", [("left", "A.lock")])
    result = aprt("shrink", harmless)
    assert (result.exit_code, result.stderr) == (
        2,
        f"aprt: {harmless}: breaks none of T3: there is nothing to shrink\n",
    )
    assert aprt("shrink", ABBA, "--with", "same_order").exit_code == 4


def test_estimate_says_how_many_interleavings_and_traces_there_are() -> None:
    result = aprt("explore", "toy/lost-update", "--estimate", "--runs", "200")
    assert (result.exit_code, result.stderr) == (0, "")
    assert (
        result.stdout
        == """\
toy/lost-update  two threads add one

interleavings  about 6, with 95 % from 6 to 6
traces         about 4, with 95 % from 4 to 4

from 200 random walks

aprt: ESTIMATE scenario=toy/lost-update era=toy with=- interleavings=6 traces=4 reliable=yes probes=200
"""
    )
    data = json.loads(aprt("explore", "toy/lost-update", "--estimate", "--format", "json").stdout)
    assert data["schema"] == "aprt.estimate/1"
    assert data["traces"] == {
        "value": 4.0,
        "error": 0.0,
        "low": 4.0,
        "high": 4.0,
        "effective": data["probes"],
        "reliable": True,
    }


def test_run_repeats_with_its_seed_and_prints_a_token_that_replays() -> None:
    first, second = (aprt("run", "toy/lost-update", "--seed", "1", "--runs", "50") for _ in range(2))
    assert first.exit_code == 1
    assert first.stdout == second.stdout
    token = first.stdout.split()[-1].removeprefix("token=")
    assert aprt("replay", token).exit_code == 1


def test_run_without_a_finding_exits_with_0_and_claims_nothing() -> None:
    for options in ((), ("--chaos",), ("--free",), ("--free", "--chaos"), ("--free", "--jitter", "3")):
        result = aprt("run", "toy/tidy", *options)
        assert result.exit_code == 0
        assert result.stdout.splitlines()[-1].startswith("aprt: RAN property=- scenario=toy/tidy ")
        assert result.stdout.splitlines()[-1].endswith(" ending=end token=-")


def test_a_run_that_is_cut_is_inconclusive() -> None:
    result = aprt("run", "toy/large", "--max-steps", "5", "--format", "json")
    data = json.loads(result.stdout)
    assert (result.exit_code, data["steps"], data["ending"], data["verdict"]) == (3, 5, "cut", "RAN")
    told = aprt("run", "toy/large", "--max-steps", "5").stdout
    assert told.splitlines()[-1].endswith(" runs=1 steps=5 ending=cut token=-")
    assert "5 steps on trio, gated, seed 0, 1 run; cut at --max-steps 5: more could follow\n" in told


def test_the_measures_matrix_is_printed() -> None:
    result = aprt("explore", "toy/lost-update", "--measures-matrix")
    assert (result.exit_code, "  T1  locked\n  or  atomic\n" in result.stdout) == (0, True)
    assert aprt("explore", "toy/lost-update", "--measures-matrix", "--max-states", "2").exit_code == 3


@pytest.mark.parametrize(
    ("options", "after", "code"),
    [
        (("toy/lost-update", "--compare", "with=locked"), "toy/lost-update+locked", 0),
        (("toy/tidy", "--compare", "without=locked", "--format", "json"), "toy/tidy+locked=out", 1),
        (
            ("toy/lost-update+locked", "--compare", "with=atomic", "--compare", "without=locked"),
            "toy/lost-update+atomic",
            0,
        ),
    ],
)
def test_explore_compare_is_the_diff_of_a_scenario_and_its_change(
    options: tuple[str, ...], after: str, code: int
) -> None:
    told, form = aprt("explore", *options), options[3:] if "json" in options else ()
    diff = aprt("diff", options[0], after, *form)
    assert (told.exit_code, told.stdout) == (code, diff.stdout)
    assert diff.exit_code == code
    assert aprt("explore", *options, "--max-states", "2").exit_code == 3


def test_the_catalogue_lists_what_there_is() -> None:
    assert aprt("scenario", "list").stdout.splitlines() == [
        "toy/abba         two locks in two orders",
        "toy/doors        a guest chooses twice",
        "toy/large        many workers",
        "toy/lost-update  two threads add one",
        "toy/tidy         like lost-update, but locked",
    ]


@pytest.mark.parametrize(
    ("args", "names"),
    [
        (("LOCK",), ["abba", "tidy"]),
        (("lock", "order"), ["abba"]),
        (("--property", "t1"), ["lost-update", "tidy"]),
        (("tidy", "--property", "T1", "--era", "toy"), ["tidy"]),
    ],
)
def test_scenarios_are_listed_by_words_of_their_name_or_title_and_by_property(
    args: tuple[str, ...], names: list[str]
) -> None:
    lines = aprt("scenario", "list", *args).stdout.splitlines()
    assert [line.split()[0] for line in lines] == [f"toy/{name}" for name in names]
    found = json.loads(aprt("scenario", "list", *args, "--format", "json").stdout)["scenarios"]
    assert [one["name"] for one in found] == [f"toy/{name}" for name in names]


def test_the_era_that_was_taken_is_told_where_others_have_the_scenario() -> None:
    def told(*args: str) -> str:
        return CliRunner().invoke(root, ("scenario", "show", *args), obj=known_eras).stderr

    assert told("kill-qemu").startswith(
        "aprt: kill-qemu of era v4, as none was named; --era takes another: 4.20, 5.3, "
    )
    assert told("v4/kill-qemu") == told("kill-qemu", "--era", "v4") == told("h7") == ""


def test_the_json_of_a_bug_of_the_museum_has_the_token_of_what_was_found() -> None:
    told = CliRunner().invoke(root, ("explain", "B4", "--format", "json"), obj=known_eras).stdout
    token = json.loads(told)["token"]
    assert token.startswith("aprt2:")
    again = CliRunner().invoke(root, ("explain", token, "--format", "json"), obj=known_eras).stdout
    assert json.loads(again) == json.loads(told)


def test_eras_are_listed() -> None:
    assert aprt("era", "list").stdout == "toy  textbook races  5 scenarios, 6 switches\n"


def test_a_property_is_known_in_lower_case() -> None:
    assert aprt("property", "show", "t1").stdout == aprt("property", "show", "T1").stdout
    lower, own = (aprt("explore", "toy/abba", *words).stdout.splitlines() for words in (("--property", "t3"), ()))
    assert lower[-1] == own[-1]


def test_a_property_is_shown_with_the_scenarios_that_check_it() -> None:
    assert aprt("property", "list").stdout.splitlines()[0] == "T1  no update is lost"
    assert aprt("property", "show", "T1").stdout == (
        "T1  no update is lost\n\nAt the end the counter is the number of threads.\n\n"
        "checked by: toy/lost-update, toy/tidy\n\non demand, in one era: aprt property show T1 --era toy\n"
    )
    assert aprt("property", "show", "T1", "--era", "toy").stdout.endswith("\n\nchecked by: toy/lost-update, toy/tidy\n")
    assert aprt("property", "show", "T2").stdout == (
        "T2  small\n\nchecked by: no scenario of its own accord\n\non demand: toy/lost-update, toy/tidy\n"
    )


@pytest.mark.parametrize(
    ("args", "schema"),
    [
        ("scenario list", "aprt.scenarios/1"),
        ("scenario show toy/abba", "aprt.scenario/1"),
        ("property list", "aprt.properties/1"),
        ("property show T1", "aprt.properties/1"),
        ("era list", "aprt.eras/1"),
        ("era show toy", "aprt.era/1"),
        ("doctor", "aprt.doctor/1"),
        ("explore toy/tidy", "aprt.verdict/1"),
        ("explore toy/abba --measures-matrix", "aprt.matrix/1"),
        ("locks toy/abba", "aprt.locks/1"),
        ("run toy/tidy", "aprt.run/1"),
        (f"replay {ABBA}", "aprt.trace/1"),
        (f"explain {ABBA}", "aprt.trace/1"),
        ("bench startup --times 1", "aprt.startup/1"),
        ("bench live-hits toy/abba --property T3 --runs 1", "aprt.hits/1"),
        ("bench faults toy/abba --fault stray", "aprt.faults/1"),
    ],
)
def test_what_a_program_may_read_is_json_with_a_schema(args: str, schema: str) -> None:
    result = aprt(*args.split(), "--format", "json")
    assert json.loads(result.stdout)["schema"] == schema


def test_a_scenario_shows_its_story_properties_scope_and_switches() -> None:
    text = aprt("scenario", "show", "toy/lost-update", "--with", "threads=3").stdout
    assert text.startswith(
        "toy/lost-update+threads=3  two threads add one\n\nBoth read\nbefore either writes.\n\nchecked\n"
    )
    assert "scope\n  3 threads, one update each\n" in text
    assert "variants\n  order  in which order the right thread locks [cross_order, or same_order]\n" in text
    assert "parameters\n  threads  how many threads [3, or 2, or 4]\n" in text


def test_colour_is_asked_for_or_left_out() -> None:
    def painted(*args: str, **env: str) -> bool:
        return "\x1b[" in aprt("explore", "toy/abba", *args, env=env).stdout

    assert not painted()
    assert painted("--color", "always")
    assert painted(FORCE_COLOR="1")
    assert not painted(FORCE_COLOR="1", NO_COLOR="1")
    assert not painted("--color", "never", FORCE_COLOR="1")


def test_every_command_has_help_and_the_root_prints_it() -> None:
    for name in COMMANDS:
        result = aprt(name, "--help")
        assert (result.exit_code, f"Usage: aprt {name}" in result.stdout) == (0, True)
    assert aprt().stdout == aprt("--help").stdout
    assert all(f"\n  {name} " in aprt().stdout for name in COMMANDS)
    assert aprt("--version").stdout.startswith("aprt ")


def test_doctor_names_what_is_installed() -> None:
    data = json.loads(aprt("doctor", "--format", "json").stdout)
    assert data["ok"] is True
    assert set(data["packages"]) >= {"trio", "rich", "msgspec", "numpy"}
    assert aprt("doctor").stdout.endswith("aprt: doctor: all is there\n")


def test_live_hits_compares_the_ways_of_running() -> None:
    result = aprt("bench", "live-hits", "toy/lost-update", "--property", "T1", "--runs", "5", "--format", "json")
    data = json.loads(result.stdout)
    assert [way["way"] for way in data["ways"]] == ["plain", "jittered", "steered", "gated", "chaos"]
    assert all(0 <= way["hits"] <= way["runs"] == 5 for way in data["ways"])
    assert all(way["per_1000"] == 200 * way["hits"] and way["complete"] for way in data["ways"])


def test_hits_are_told_per_thousand_runs() -> None:
    lines = aprt("bench", "live-hits", "toy/tidy", "--property", "T1", "--runs", "2").stdout.splitlines()
    assert lines[0] == "toy/tidy T1: hits per 1,000 live runs, from seed 0"
    assert lines[2].startswith("plain           0.0   never ")
    assert (
        lines[-1] == "aprt: HITS property=T1 scenario=toy/tidy plain=0.0 jittered=0.0 steered=0.0 gated=0.0 chaos=0.0"
    )


def test_planted_faults_are_told_in_either_form() -> None:
    args = "bench", "faults", "toy/lost-update", "--fault", "dropped_reply"
    text, data = aprt(*args), json.loads(aprt(*args, "--format", "json").stdout)
    assert text.exit_code == 4
    assert text.stdout == f"dropped_reply  in run 1, {data['faults'][0]['difference']}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_that_calls_back(shell: str) -> None:
    assert f"_APRT_COMPLETE={shell}_complete" in aprt("completion", shell).stdout


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("aprt ex", ["plain,explore", "plain,explain"]),
        ("aprt explore toy/l", ["dir,toy/l", "plain,toy/large", "plain,toy/lost-update"]),
        ("aprt explore --era toy l", ["dir,l", "plain,large", "plain,lost-update"]),
        ("aprt explore toy/abba+lo", ["plain,toy/abba+locked"]),
        ("aprt run demos/", ["dir,demos/"]),
        ("aprt explore toy/abba --with lo", ["plain,locked"]),
        ("aprt explore abba --era t", ["plain,toy"]),
        ("aprt explore toy/abba --property T", [f"plain,T{i}" for i in range(1, 6)]),
        ("aprt explore toy/abba --property a", ["plain,all"]),
        ("aprt explore toy/abba --strategy stat", ["plain,states"]),
        ("aprt property show T3", ["plain,T3"]),
        ("aprt replay aprt1", ["file,aprt1"]),
        ("aprt explain race", ["file,race"]),
    ],
)
def test_whatever_has_a_name_completes(words: str, completed: list[str]) -> None:
    env = {"_APRT_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    result = CliRunner().invoke(root, [], obj=lambda: ERAS, env=env, complete_var="_APRT_COMPLETE")
    assert result.stdout.splitlines() == completed


@pytest.mark.parametrize(
    ("commands", "otherwise"),
    [
        (("run", "explore", "diff", "races"), "[the scenario's own]"),
        (("replay", "explain", "shrink"), "[all that the scenario can check]"),
    ],
)
def test_help_says_what_is_checked_when_no_property_is_named(commands: tuple[str, ...], otherwise: str) -> None:
    for command in commands:
        assert otherwise in " ".join(aprt(command, "--help").stdout.split())


def test_a_property_of_many_scenarios_tells_together_those_of_the_same_eras() -> None:
    shown, demanded = (
        CliRunner().invoke(root, ("property", "show", id), obj=known_eras).stdout for id in ("P1", "P37")
    )
    assert shown.endswith(
        """
checked by
  v4, 5.3 to 2026  card-broken, card-off, qemu-reset
  v4               h3, h4, h5, h7, h9, h10
  v4 to 2026       kill-qemu, rogue-close, without-gisa
  4.20 to 2026     device-kept, killed-with-copy
  5.3 to 2026      device-duplicated, exit-in-order, group-taken
  6.0 to 2026      open-while-ending, pv-and-back, pv-without-aiv,
                   unassign-hidden

on demand, in one era: aprt property show P1 --era 2026
"""
    )
    assert demanded.endswith(
        """
checked by: no scenario of its own accord

on demand: 43 scenarios of 5.3, 44 scenarios of 5.12 to 5.15, 82 scenarios
  of 6.0 to 6.8, 83 scenarios of 6.12 to 2026
"""
    )


def test_what_every_search_looks_for_is_told_alike_by_property_scenario_certificate_and_diff() -> None:
    def told(*args: str) -> Result:
        return CliRunner().invoke(root, args, obj=known_eras)

    for era in ((), ("--era", "2026")):
        assert told("property", "show", "k1", *era).stdout.endswith("\n\nchecked by: every search\n")
    assert "checked by: no scenario of its own accord" in told("property", "show", "K2").stdout
    shown = told("scenario", "show", "2026/unbind").stdout
    assert "\n  in every search: K1\n  on demand: K2, K3, P1, " in shown
    answer = json.loads(told("explore", "2026/unbind", "--format", "json").stdout)["certificate"]
    assert answer["checked"] == ["K1", "P5", "P6", "P8", "P9", "P12", "P22"]
    compared = json.loads(told("diff", "2026/unbind", "2026/unbind", "--format", "json").stdout)
    assert compared["unasked"][:3] == ["K2", "K3", "P1"]


def test_properties_and_switches_are_known_in_upper_and_in_lower_case() -> None:
    exact = aprt("explore", "toy/lost-update", "--with", "locked", "--property", "all").stdout.splitlines()
    typed = aprt("explore", "toy/lost-update", "--with", "LOCKED", "--property", "ALL").stdout.splitlines()
    assert typed[-1] == exact[-1]
    assert aprt("property", "show", "t1").stdout == aprt("property", "show", "T1").stdout
    museum = [
        CliRunner().invoke(root, ("museum", "show", word), obj=known_eras).stdout
        for word in ("B8", "b8", "9b57e9d", "9B57E9D5010B")
    ]
    assert museum == museum[:1] * 4
