"""Which code is that of a model: `aprt.kernel`, `aprt.vfio_ap`, and what is no library."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Final

import attrs

_APRT: Final = str(Path(__file__).parents[2])
_PARTS: Final = ("kernel", "vfio_ap")  # of aprt, that are models
_LIBRARIES: Final = (os.path.dirname(os.__file__), os.path.dirname(os.path.dirname(attrs.__file__)))


@cache
def is_model(file: str) -> bool:
    """Whether the code in a file is part of a model."""
    if file.startswith(_APRT + os.sep):
        return file[len(_APRT) + 1 :].split(os.sep)[0] in _PARTS
    return not file.startswith(("<", *_LIBRARIES))


@cache
def readable_path(file: str) -> str:
    """A file as people name it: from the directory that aprt is in, or from where they are."""
    path = Path(file)
    for root in (Path(_APRT).parent, Path.cwd()):
        if path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return file
