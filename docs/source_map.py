"""Which function of the kernel is mirrored where: read from the `Mirrors:` lines of docstrings and from `@mirrors`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import attrs

_CLAUSE = re.compile(r"Mirrors: (.*?)(?=\n[ \t]*\n|\"\"\"|\n[ \t]*Left out)", re.DOTALL)
_FILE = re.compile(r"[\w./-]+/[\w.-]+\.[ch]\b")
_LIST = re.compile(r"(?:\s*(?:struct \w+|[\w>*-]+(?:\(\))?)(?:\s*\([^()]*\))?\s*(?:,| and | by way of |$|\.|\())*")
_BEHIND = re.compile(r"\s*(?:\((?P<version>[^()]*\d[^()]*)\))?\s*:(?P<names>.*)", re.DOTALL)
_BRACKETS = re.compile(r"\([^()]*\w[^()]*\)")
_RELEASE = re.compile(r"\(([^()]*\d[^()]*)\)")
_SYMBOL = re.compile(r"struct \w+|[A-Za-z_]\w*(?:->?\w+)*")
_WORDS = frozenset({"and", "by", "of", "way"})
_DECORATED = re.compile(r"^@mirrors\(\"([^\"]+)\"\)", re.MULTILINE)


@attrs.frozen
class Mirrored:
    """A function or structure of the kernel. version: the release, where it is told. path: of the model's file."""

    file: str
    symbol: str
    version: str
    path: Path


def mirrored(root: Path) -> list[Mirrored]:
    """All that the package in `root` mirrors, by kernel file and name."""
    found = {one for path in sorted(root.rglob("*.py")) for one in _in_file(path)}
    return sorted(found, key=lambda one: (one.file, one.symbol, str(one.path), one.version))


def named(root: Path) -> frozenset[str]:
    """The functions whose names call chains show: those of `@mirrors`, without a file."""
    texts = (path.read_text(encoding="utf-8") for path in root.rglob("*.py"))
    return frozenset(name for text in texts for name in _DECORATED.findall(text))


def _in_file(path: Path) -> Iterator[Mirrored]:
    for clause in _CLAUSE.findall(path.read_text(encoding="utf-8")):
        for part in " ".join(clause.split()).split(";"):
            yield from _parts(part, path)


def _parts(part: str, path: Path) -> Iterator[Mirrored]:
    """One `FILE[, FILE]: names`, or several with commas between. A release stands behind names, or behind the file."""
    pieces, tree = list(_FILE.finditer(part)), "QEMU " if part.lstrip().startswith("QEMU") else ""
    for i, piece in enumerate(pieces):
        end = pieces[i + 1].start() if i + 1 < len(pieces) else len(part)
        behind = _BEHIND.match(part[piece.end() : end])
        if behind is not None:
            for name, version in _names(behind["names"]):
                yield Mirrored(tree + piece.group(), name, version or behind["version"] or "", path)


def _names(text: str) -> Iterator[tuple[str, str]]:
    """The symbols before the first full sentence, each with what is in the next brackets that name a release."""
    listed = _LIST.match(text)
    head = _BRACKETS.sub(lambda found: " " * len(found[0]), listed.group() if listed else "")
    for symbol in _SYMBOL.finditer(head):
        if not symbol[0].endswith("_") and symbol[0] not in _WORDS:
            release = _RELEASE.search(text, symbol.end())
            yield symbol[0], release[1] if release else ""
