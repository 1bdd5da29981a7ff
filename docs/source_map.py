"""Which function of the kernel is mirrored where: read from the `Mirrors:` lines of docstrings."""

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
_RELEASE = re.compile(r"\(([^()]*(?:\d\.\d|series)[^()]*)\)")
_DEFAULT = re.compile(r"^Kernel release mirrored where a file tells none: (.+)\.$", re.MULTILINE)
_SYMBOL = re.compile(r"struct \w+|[A-Za-z_]\w*(?:->?\w+)*")
_WORDS = frozenset({"and", "by", "of", "way"})


@attrs.frozen
class Mirrored:
    """A function or structure of the kernel. version: the release. path: of the model's file."""

    file: str
    symbol: str
    version: str
    path: Path


def mirrored(root: Path) -> list[Mirrored]:
    """All that the package in `root` mirrors, by kernel file and name."""
    found = {one for path in sorted(root.rglob("*.py")) for one in _in_file(path, root)}
    return sorted(found, key=lambda one: (one.file, one.symbol, str(one.path), one.version))


def _in_file(path: Path, root: Path) -> Iterator[Mirrored]:
    """What tells no release has that of the last in its paragraph, or else that of the package."""
    for clause in _CLAUSE.findall(path.read_text(encoding="utf-8")):
        found = [one for part in " ".join(clause.split()).split(";") for one in _parts(part, path)]
        for one in found:
            yield attrs.evolve(one, version=one.version or found[-1].version or _release_of(path.parent, root))


def _release_of(package: Path, root: Path) -> str:
    """The release that the docstring of the package tells, or of the nearest one around it, up to `root`."""
    init = package / "__init__.py"
    told = _DEFAULT.search(init.read_text(encoding="utf-8")) if init.exists() else None
    if told is not None:
        return told[1]
    return "" if package == root else _release_of(package.parent, root)


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
