"""Scenarios, systems and patches in Python files of a user's own, named `FILE.py:NAME` or `MODULE:NAME`."""

from __future__ import annotations

import importlib
import importlib.util
import linecache
import os
import re
import sys
import traceback
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Final, TypeVar

import attrs

from aprt.cli.own_systems import NO_ERA, is_system, system_scenario
from aprt.cli.stepless import OWN, watch
from aprt.cli.unawaited import NAMES, compiled
from aprt.core.errors import ModelError, UnknownSwitch, UserError, WrongArgument
from aprt.core.scenario import Era, Scenario
from aprt.core.suggestion import did_you_mean
from aprt.core.switch import Switch
from aprt.core.system import System
from aprt.kernel.rules import LOCK_RELEASE
from aprt.verdict.case import Case
from aprt.verdict.lookup import era_of, find_era, is_nearly_era
from aprt.verdict.switch_words import check_words

T = TypeVar("T")

_DIGEST: Final = "__aprt_digest__"  # in a module: of what was in its file when it was read
_OTHER_LOOPS: Final = frozenset({"trio", "asyncio", "anyio"})  # whose functions a behaviour cannot await


def is_own(word: str) -> bool:
    """Whether a word names something in a file of the user's."""
    return ":" in word


def with_patches(eras: Mapping[str, Era], words: Iterable[str]) -> Mapping[str, Era]:
    """The eras, with a switch for each patch among the words in those eras that it is written for.

    eras: the oldest first. Raises: `UserError`.
    """
    words = tuple(dict.fromkeys(words))
    for word in words:
        if word.endswith(".py"):
            raise UserError(f"{word}: name the patch in it{_those_in(word, Switch, f'{word}:')}")
    own = [word for word in words if is_own(word)]
    if not own:
        return eras
    patched = dict(eras)
    for switch in map(_patch, own):
        for era in _from(switch, eras):
            patched[era] = attrs.evolve(patched[era], switches=(*patched[era].switches, switch))
    return MappingProxyType(patched)


def _from(switch: Switch, eras: Mapping[str, Era]) -> list[str]:
    names = list(eras)
    if switch.since is None:
        return names
    if switch.since not in names:
        hint = did_you_mean(switch.since, names, "see aprt era list")
        raise UserError(f"{switch.name}: since: unknown era {switch.since!r}{hint}")
    return names[names.index(switch.since) :]


def check_named(eras: Mapping[str, Era], text: str) -> None:
    """Refuse `[ERA/]FILE.py`, a file without the name of the scenario in it. Raises: `UserError`."""
    if not text.endswith(".py") or Path(text).is_dir():
        return
    named, slash, rest = text.partition("/")
    era, path = (named, rest) if slash and named in eras else ([*eras][-1], text)
    if systems := _names(path, System):
        raise UserError(f"{text}: name the system in it ({', '.join(f'{path}:{name}' for name in systems)})")
    if not _names(path, Scenario) and (patches := _names(path, Switch)):
        told = " or ".join(f"--with {path}:{name}" for name in patches)
        raise UserError(f"{text}: there is no scenario in it, but patches ({told})")
    if not _names(path, Scenario) and (systems := _systems(path)):
        raise UserError(f"{text}: name the system in it ({', '.join(f'{path}:{name}' for name in systems)})")
    raise UserError(f"{text}: name the scenario in it{_those_in(path, Scenario, f'{era}/{path}:')}")


def _those_in(path: str, kind: type[Any], before: str) -> str:
    """The end of an error line: the things of a kind in a file, as a user would name them."""
    return f" ({', '.join(before + name for name in _names(path, kind)) or 'there is none'})"


def _names(path: str, kind: type[Any]) -> list[str]:
    return [name for name, value in vars(_module(path)).items() if isinstance(value, kind)]


def _systems(path: str) -> list[str]:
    """The systems in a file, and its own functions that may make one."""
    module = _module(path)
    return [
        name
        for name, value in vars(module).items()
        if isinstance(value, System) or (is_system(value) and value.__module__ == module.__name__)
    ]


def own_case(
    eras: Mapping[str, Era], text: str, era: str | None, put_in: tuple[str, ...], taken_out: tuple[str, ...]
) -> Case:
    """The case of `[ERA/]FILE.py:NAME[+SWITCH...]`, a scenario or a system in a file.

    K2 is checked as well where its model has that, as new code may give back a lock that it does not hold.

    Raises: `UserError`.
    """
    path, *words = text.split("+")
    named, slash, rest = path.partition("/")
    whole, after = _place(path).is_file(), _place(rest).is_file()
    inside = bool(slash) and named in eras and (after or not whole)
    found, name = era_of(text, named if inside else None, era, eras), rest if inside else path
    if after and not whole and is_nearly_era(named, eras):
        find_era(named, eras)
    if system := _system(name):
        _check_without_era(name, named if inside else era, (*words, *put_in, *taken_out))
        return Case.make(NO_ERA, system)
    scenario = attrs.evolve(_load(name, Scenario, "scenario"), name=name, directory=None)
    check_words(found, eras, (*words, *put_in), taken_out)
    case = Case.make(found, scenario, words, put_in, taken_out)
    try:
        more = [p.id for p in case.model().properties if p.id == LOCK_RELEASE.id and p.id not in scenario.properties]
    except UnknownSwitch as error:
        having = [era for era, kernel in eras.items() if kernel.knows(error.name)]
        advice = f"; try {having[-1]}/{name}" if having else ""
        raise UserError(f"{name} is not for era {found.name}, which has no switch {error.name!r}{advice}") from None
    return attrs.evolve(case, scenario=attrs.evolve(scenario, properties=(*scenario.properties, *more)))


def _system(name: str) -> Scenario | None:
    """The scenario of a system in a file; None where it is no system that has this name."""
    place, _, inside = name.rpartition(":")
    beside = vars(_module(place)) if place else {}
    return system_scenario(name, beside[inside], beside.values()) if is_system(beside.get(inside)) else None


def _check_without_era(name: str, era: str | None, switches: tuple[str, ...]) -> None:
    """Refuse an era and switches for a system, which has neither. Raises: `UserError`."""
    if era is not None:
        raise UserError(f"{name} is a system of your own, of no era; leave {era!r} out")
    if switches:
        raise UserError(f"{name} is a system of your own and has no switches; leave {switches[0]!r} out")


def _place(word: str) -> Path:
    return Path(word.rpartition(":")[0])


def _patch(word: str) -> Switch:
    switch = _load(word, Switch, "patch")
    if switch.kind != "patch":
        raise UserError(f"{word}: a {switch.kind}; make a patch with aprt.patch(about, function=...)")
    if not switch.replaces:
        raise UserError(
            f"{word} replaces nothing; say what with aprt.patch(about, function=...), as in pqap=my_handler"
        )
    if not isinstance(switch.since, str | None):
        raise UserError(f"{word}: since: expected the name of an era such as '5.3', found {switch.since!r}")
    return attrs.evolve(switch, name=word)


def _load(word: str, kind: type[T], what: str) -> T:
    place, _, name = word.rpartition(":")
    if any(letter in word for letter in "+="):
        raise UserError(f"{word}: the name of a file with a {what} in it has no '+' and no '='")
    if not place:
        raise UserError(f"{word}: no file is named (try FILE.py:{name or 'NAME'})")
    module = _module(place)
    found = vars(module).get(name)
    if isinstance(found, kind):
        return found
    if found is not None:
        other = ", no System, and no function that makes one without arguments" if kind is Scenario else ""
        raise UserError(f"{word}: is no {what}{other}")
    known = [*_names(place, kind), *(_systems(place) if kind is Scenario else ())]
    raise UserError(f"{place} has no {what} called {name!r}{did_you_mean(name, known) if known else ''}")


@cache
def _module(place: str) -> ModuleType:
    """The module of a file, or of a name in Python's path. Raises: `UserError` for whatever goes wrong in it."""
    watch()
    try:
        if place.endswith(".py"):
            return _file(Path(place))
        if Path(place).is_file() and not place.isidentifier():
            raise UserError(f"{place} is no Python file")
        module = importlib.import_module(place)
        sys.modules[f"{OWN}{place}"] = module
        return module
    except ModuleNotFoundError as error:
        file = f"; there is a file {place}.py" if error.name == place and Path(f"{place}.py").is_file() else ""
        raise UserError(f"{place}: {_reason(place, error)}{file}") from None
    except (Exception, SystemExit) as error:
        if _tells_where(error):
            raise
        raise UserError(f"{place}: {_reason(place, error)}") from None


def files_read() -> dict[str, str]:
    """A digest of each of the user's files as it was read here, by its whole path."""
    return {str(module.__file__): vars(module)[_DIGEST] for module in _files()}


def forget_others(files: Mapping[str, str]) -> None:
    """Forget the files that were read here with other contents than these digests say."""
    for module in _files():
        if vars(module)[_DIGEST] != files.get(str(module.__file__), vars(module)[_DIGEST]):
            for name in [name for name, found in sys.modules.items() if found is module]:
                del sys.modules[name]
            _module.cache_clear()
            linecache.checkcache(module.__file__)


def check_same(files: Mapping[str, str]) -> None:
    """Raises: `UserError` for a file that was read here with other contents than these digests say."""
    for path, digest in files_read().items():
        if files.get(path, digest) != digest:
            raise UserError(f"{path} is not what it was when the search began: have it the same everywhere")


def _files() -> list[ModuleType]:
    """Those that were read, by their whole path, which is one of their names in `sys.modules`."""
    return [found for name, found in list(sys.modules.items()) if name == f"{OWN}{getattr(found, '__file__', '')}"]


def _digest(source: bytes) -> str:
    return blake2b(source, digest_size=16).hexdigest()


def _file(path: Path) -> ModuleType:
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    try:
        source = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    name, file = f"{OWN}{path.stem}", os.path.abspath(path)
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # as whatever looks for the module of a class expects it
    sys.modules[f"{OWN}{file}"] = module  # a file in another directory may have the first name, too
    vars(module).update(NAMES, **{_DIGEST: _digest(source)})
    exec(compiled(source, file), vars(module))
    return module


def _reason(place: str, error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    file = os.path.abspath(place)  # as `_file` names it, whatever was typed
    inside = [i for i, frame in enumerate(frames) if frame.filename == file]
    if not inside:
        return f"{type(error).__name__}: {error}"
    at, called = frames[inside[-1]], frames[inside[-1] + 1 :]
    for frame in called[:1]:
        if libraries := _OTHER_LOOPS.intersection(Path(frame.filename).parts):
            return f"line {at.lineno}: awaits {'.'.join(libraries)}.{frame.name}(), which is no effect of aprt"
    kind = "" if isinstance(error, WrongArgument) else f"{type(error).__name__}: "
    return f"line {at.lineno}: {kind}{error}"


def _tells_where(error: BaseException) -> bool:
    """Whether the text of an error says where the mistake is."""
    return isinstance(error, UserError) and not isinstance(error, WrongArgument)


def blamed(error: BaseException) -> str | None:
    """One line about an error that a user's file is to blame for; None for any other error.

    Such a file is to blame for what its code raised, and for any broken rule of models while one is loaded.
    """
    files = [*dict.fromkeys(str(found.__file__) for name, found in sys.modules.items() if name.startswith(OWN))]
    cause: BaseException | None = error
    broken: ModelError | None = None  # the first one, which others came from
    while cause is not None:
        broken = cause if isinstance(cause, ModelError) else broken
        if _tells_where(cause):
            return str(cause)
        for frame in reversed(traceback.extract_tb(cause.__traceback__)):
            if frame.filename in files:
                return f"{frame.filename}: {_reason(frame.filename, cause)}"
        cause = cause.__cause__
    for note in getattr(error, "__notes__", ()):  # the traceback of a worker process, as text
        for file in files:
            lines = re.findall(rf'File "{re.escape(file)}", line (\d+)', note)
            if lines:
                return f"{file}: line {lines[-1]}: {error}"
    return f"with {', '.join(files)}: {broken}" if files and broken is not None else None
