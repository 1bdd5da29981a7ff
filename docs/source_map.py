"""Which function of the kernel is mirrored where: read from the `Mirrors:` lines of docstrings and from `@mirrors`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs

_CLAUSE = re.compile(r"Mirrors: (.*?)(?=\n[ \t]*\n|\"\"\"|\n[ \t]*Left out)", re.DOTALL)
_FILE = re.compile(r"[\w./-]+/[\w.-]+\.[ch]\b")
_LIST = re.compile(r"(?:\s*(?:struct \w+|[\w>*-]+(?:\(\))?)(?:\s*\([^()]*\))?\s*(?:,| and | by way of |$|\.|\())*")
_WORDS = frozenset({"and", "by", "of", "way"})
_DECORATED = re.compile(r"^@mirrors\(\"([^\"]+)\"\)", re.MULTILINE)


@attrs.frozen
class Mirrored:
    """A function or structure of the kernel. version: in brackets behind it, where told. path: of the model's file."""

    file: str
    symbol: str
    version: str
    path: Path


def mirrored(root: Path) -> list[Mirrored]:
    """All that the package in `root` mirrors, by kernel file and name."""
    found = {one for path in sorted(root.rglob("*.py")) for one in _in_file(path)}
    return sorted(found, key=lambda one: (one.file, one.symbol, str(one.path)))


def named(root: Path) -> frozenset[str]:
    """The functions whose names call chains show: those of `@mirrors`, without a file."""
    texts = (path.read_text(encoding="utf-8") for path in root.rglob("*.py"))
    return frozenset(name for text in texts for name in _DECORATED.findall(text))


def _in_file(path: Path) -> Iterator[Mirrored]:
    for clause in _CLAUSE.findall(path.read_text(encoding="utf-8")):
        for part in " ".join(clause.split()).split(";"):
            yield from _parts(part, path)


def _parts(part: str, path: Path) -> Iterator[Mirrored]:
    """One `FILE[, FILE]: names (version)`, or several with commas between."""
    pieces, tree = list(_FILE.finditer(part)), "QEMU " if part.lstrip().startswith("QEMU") else ""
    for i, piece in enumerate(pieces):
        end = pieces[i + 1].start() if i + 1 < len(pieces) else len(part)
        behind = part[piece.end() : end].lstrip()
        if not behind.startswith(":"):
            continue
        names, version = _names(behind[1:])
        for name in names:
            yield Mirrored(tree + piece.group(), name, version, path)


def _names(text: str) -> tuple[Iterable[str], str]:
    """The symbols before the first full sentence, and what is in brackets behind them."""
    listed = _LIST.match(text)
    head = re.sub(r"\([^()]*\w[^()]*\)", " ", listed.group() if listed else "")
    version = re.findall(r"\(([^()]*\d[^()]*)\)", text)
    symbols = re.findall(r"struct \w+|[A-Za-z_][\w-]*(?:->\w+)*", head)
    return [name for name in symbols if not name.endswith("_") and name not in _WORDS], version[0] if version else ""
