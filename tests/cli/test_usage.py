"""What is said of a mistake in what was typed: one line, and exit code 2."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from aprt.cli import known_eras
from aprt.cli.explore import command as explore
from aprt.cli.root import root
from tests.cli.commands import ABBA, aprt

USAGE = [
    (("explor", "x"), "unknown command 'explor' (did you mean 'explore'?) (try 'aprt --help')"),
    (("scenario",), "missing command: list, new, show (try 'aprt scenario --help')"),
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
    (("explore", "toy/ABBA"), "unknown scenario 'ABBA' (did you mean 'abba'?)"),
    (("explore", "TOY/abba"), "TOY/abba: no such directory, and 'TOY' is no era (did you mean 'toy'?)"),
    (("explore", "toy/"), "toy is an era: name a scenario of it (aprt scenario list --era toy)"),
    (("explore", "abba"), "unknown era 'v4' (known: toy)"),
    (("explore", "toy/abba+lokked"), "unknown switch 'lokked' (did you mean 'locked'?)"),
    (("explore", "toy/abba", "--with", "lokked"), "unknown switch 'lokked' (did you mean 'locked'?)"),
    (("explore", "toy/abba", "--property", "T33"), "unknown property 'T33' (did you mean 'T3'?)"),
    (("explore", "toy/abba", "--strategy", "statez"), "unknown strategy 'statez' (did you mean 'states'?)"),
    (("explore", "toy/abba", "--strategy", "dpor:foo"), "strategy 'dpor' has no mode 'foo' (known: source)"),
    (
        ("explore", "toy/abba", "--strategy", "dpor:sorce"),
        "strategy 'dpor' has no mode 'sorce' (did you mean 'source'?)",
    ),
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
        "atomic-sleep, race, guard, unlock, use-after-free, leak, refcount (try 'aprt run --help')",
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
    (("diff", "toy/abba", "toy/abba"), "both sides are toy/abba: there is nothing to compare"),
    (
        ("explore", "toy/tidy", "--without", "locked", "--compare", "without=locked"),
        "both sides are toy/tidy+locked=out: there is nothing to compare",
    ),
    (
        ("explore", "toy/abba", "toy/lost-update", "--with", "locked", "--compare", "with=locked"),
        "both sides are toy/abba+locked and so on, 2 in all: there is nothing to compare",
    ),
    (
        ("run", "toy/*+locked"),
        "toy/*+locked: a pattern; name one scenario (aprt explore and aprt diff take several)",
    ),
    (("locks", "toy/[ab]bba"), "toy/[ab]bba: a pattern; name one scenario (aprt explore and aprt diff take several)"),
    (
        ("locks", "toy/abba", "--compare", "nonsense"),
        "--compare takes with=SWITCH, without=SWITCH or a scenario, and unknown era 'v4' (known: toy)",
    ),
    (("scenario", "list", "toy"), "no scenario has 'toy' in its name or title (toy is an era: --era toy)"),
    (("explain", "h7"), "h7 is a way, no bug of the museum: aprt scenario show v4/h7"),
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
    *(
        (
            ("explore", "toy/abba", "--certificate", "--format", form),
            f"--certificate is for text, and JSON always has it: --format {form} cannot show it "
            "(try 'aprt explore --help')",
        )
        for form in ("junit", "ktap")
    ),
    (
        ("explore", "toy/abba", "--strategy", "dpor", "--seed", "3"),
        "--seed is for random runs, and --strategy dpor does none (try 'aprt explore --help')",
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
    (
        ("explore", "toy/abba", "--jobs", "1000000"),
        "invalid value for '--jobs': 1000000 is not in the range 1<=x<=1000 (try 'aprt explore --help')",
    ),
    *(
        (
            ("run", "toy/abba", "--speed", value),
            f"invalid value for '--speed': {value} is not a finite number (try 'aprt run --help')",
        )
        for value in ("nan", "inf")
    ),
    (
        ("run", "toy/abba", "--free", "--jitter", "10001"),
        "invalid value for '--jitter': 10001 is not in the range 0<=x<=10000 (try 'aprt run --help')",
    ),
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


HEEDED = {
    ("--measures-matrix",): {"--property", "--max-states"},
    ("--compare", "with=locked"): {"--property", "--max-states", "--bisect"},
    ("--estimate",): {"--runs", "--seed"},
}
VALUES = {
    "--strategy": "states",
    "--stop-on": "first",
    "--loop": "auto",
    "--shard": "1/2",
    "--compare": "with=locked",
    "--jobs": "2",
}


@pytest.mark.parametrize("asked", HEEDED)
def test_an_option_that_would_be_ignored_is_refused(asked: tuple[str, ...]) -> None:
    heeded = {"--era", "--with", "--without", "--max-depth", "--budget", "--format", "--color", asked[0]}
    for option in explore.params:
        name = option.opts[0]
        if isinstance(option, click.Option) and name not in heeded | HEEDED[asked]:
            value = [] if option.is_flag else [VALUES.get(name, "1")]
            result = aprt("explore", "toy/abba", *asked, name, *value)
            code = 125 if name == "--bisect" else 2
            assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (code, "", 1)
            assert f"{name} cannot be combined" in result.stderr or f"and {asked[0]} cannot be" in result.stderr


@pytest.mark.parametrize("asked", HEEDED)
def test_one_process_may_be_asked_for(asked: tuple[str, ...]) -> None:
    one, plain = (aprt("explore", "toy/abba", *asked, *jobs, "--format", "json") for jobs in (("--jobs", "1"), ()))
    assert (one.exit_code, one.stderr) == (plain.exit_code, plain.stderr)
