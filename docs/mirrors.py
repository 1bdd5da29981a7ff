"""Holds what the docstrings say that they mirror against a source tree of Linux: `python -m docs.mirrors LINUX`.

Looked for is what is said of the release that the tree is of. Each function or structure that the named file does not
define is printed, with the file of the tree that does, if it is one of those that the model mirrors; exit code 1 then.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import attrs

from aprt.vfio_ap.releases.fixes import has
from docs.source_map import Mirrored, mirrored

ROOT: Final = Path(__file__).parent.parent
_NUMBER = re.compile(r"(\d+)\.(\d+)")
_RANGE = re.compile(r"(\d+\.\d+) to (\d+\.\d+)")
_BEFORE = re.compile(r"before (\d+\.\d+)")


@attrs.frozen
class Missing:
    """What the file that is named for it does not define. found_in: where else it was found."""

    what: Mirrored
    found_in: tuple[str, ...]

    def __str__(self) -> str:
        place = f"{self.what.path.relative_to(ROOT)} ({self.what.version})"
        other = f"; it is in {', '.join(self.found_in)}" if self.found_in else ""
        return f"{self.what.file}: no {self.what.symbol}{other}   mirrored by {place}"


def release_of(tree: Path) -> str:
    """`6.12`, from the Makefile of a tree. Raises: `ValueError` when it has none that says so."""
    makefile = tree / "Makefile"
    text = makefile.read_text(encoding="utf-8") if makefile.is_file() else ""
    said = [re.search(rf"^{name} = (\d+)$", text, re.MULTILINE) for name in ("VERSION", "PATCHLEVEL")]
    if not all(said):
        raise ValueError(f"{makefile} does not say which release this is; give --release 6.12")
    return ".".join(found[1] for found in said if found)


def is_said_of(version: str, release: str) -> bool:
    """Whether what stands behind a name in a docstring, such as `5.3 to 5.15`, is about a release."""
    if any(has(release, first) and has(last, release) for first, last in _RANGE.findall(version)):
        return True
    if not all(has(release, end) for end in _BEFORE.findall(version)):
        return True
    single = _BEFORE.sub("", _RANGE.sub("", version))
    return "v4" not in version and release in [found[0] for found in _NUMBER.finditer(single)]


def defines(text: str, symbol: str) -> bool:
    """Whether C code defines a function, macro, variable or `struct NAME`, or has a member `->NAME`."""
    name = re.escape(symbol.rpartition("->")[2])
    if "->" in symbol:
        return re.search(rf"\b{name}\b[^()]*;", text) is not None
    if symbol.startswith("struct "):
        return re.search(rf"^{name} {{", text, re.MULTILINE) is not None
    heads = re.finditer(rf"^(?:[^\s#/}}].*?\b|\*?){name}\s*[(\[]", text, re.MULTILINE)
    macro = re.search(rf"^(?:#define\s+|SYSCALL_DEFINE\d\(){name}\b", text, re.MULTILINE)
    return macro is not None or any(_has_body(text, found.end()) for found in heads)


def missing(tree: Path, release: str, said: Iterable[Mirrored]) -> Iterator[Missing]:
    """What is said of the release and is not so in the tree. QEMU's functions are not looked for."""
    wanted = [one for one in said if is_said_of(one.version, release) and not one.file.startswith("QEMU ")]
    paths = {file: tree / file for file in sorted({one.file for one in wanted})}
    texts = {file: path.read_text(encoding="utf-8") for file, path in paths.items() if path.is_file()}
    for one in wanted:
        having = tuple(file for file, text in texts.items() if defines(text, one.symbol))
        if one.file not in having:
            yield Missing(one, having)


def main(argv: Sequence[str] | None = None) -> int:
    """0: all is there. 1: something is not. 2: no such tree, or one of a release of which nothing is said."""
    parser = argparse.ArgumentParser(prog="python -m docs.mirrors", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tree", type=Path, metavar="LINUX", help="a source tree of the kernel")
    parser.add_argument("--release", help="which one it is; otherwise its Makefile tells")
    given = parser.parse_args(argv)
    try:
        release = given.release or release_of(given.tree)
    except ValueError as error:
        parser.error(str(error))
    said = mirrored(ROOT / "aprt")
    looked_for = sum(is_said_of(one.version, release) for one in said)
    if not looked_for:
        parser.error(f"nothing is said of {release}; --release {most_said_of(said)} looks for what is said of that one")
    found = list(missing(given.tree, release, said))
    for one in found:
        print(one)
    print(f"{release}: {looked_for} looked for, {len(found)} not found")
    return 1 if found else 0


def most_said_of(said: Iterable[Mirrored]) -> str:
    """The release that most is said of."""
    return Counter(one.version for one in said if _NUMBER.fullmatch(one.version)).most_common(1)[0][0]


def _has_body(text: str, at: int) -> bool:
    """Whether a brace comes before the next semicolon."""
    found = re.compile(r"[;{]").search(text, at)
    return found is not None and found[0] == "{"


if __name__ == "__main__":
    sys.exit(main())
