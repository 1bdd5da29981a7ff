"""Python files of a user's own as modules: reading them, knowing when they have changed, and telling their mistakes."""

from __future__ import annotations

import importlib
import importlib.util
import linecache
import os
import re
import sys
import traceback
from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from pathlib import Path
from types import ModuleType
from typing import Final

from aprt.cli.stepless import OWN, watch
from aprt.cli.unawaited import NAMES, compiled
from aprt.core.errors import ModelError, UserError, WrongArgument

_DIGEST: Final = "__aprt_digest__"  # in a module: of what was in its file when it was read
_OTHER_LOOPS: Final = frozenset({"trio", "asyncio", "anyio"})  # whose functions a behaviour cannot await


class NoSuchFile(UserError):
    """There is nothing to read. place: the file, or the name of the module, as it was typed."""

    def __init__(self, place: str, more: str = "") -> None:
        super().__init__(f"{place}: no such file{more}")
        self.place = place


@cache
def module_of(place: str) -> ModuleType:
    """The module of a file, or of a name in Python's path. Raises: `UserError` for whatever goes wrong in it."""
    watch()
    try:
        if place.endswith(".py"):
            return _file(Path(place))
        if Path(place).is_file() and not place.isidentifier():
            raise UserError(f"{place} is no Python file")
        if not all(map(str.isidentifier, place.split("."))):
            raise NoSuchFile(place)
        module = importlib.import_module(place)
        sys.modules[f"{OWN}{place}"] = module
        return module
    except ModuleNotFoundError as error:
        if f"{place}.".startswith(f"{error.name}."):
            file = f" (there is a file {place}.py)" if Path(f"{place}.py").is_file() else ""
            raise NoSuchFile(place, f", and no module{file}") from None
        raise UserError(f"{place}: {_reason(place, error)}") from None
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
            module_of.cache_clear()
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
        raise NoSuchFile(str(path))
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
