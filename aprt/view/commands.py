"""Commands for pasting: no line is wider than a mail, and a shell takes several lines as one command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from aprt.view.columns import WIDTH

_LABEL: Final = 12
_INDENT: Final = "    "
_LEAST: Final = 10  # letters of a word that is broken, in its last line
_PLAIN: Final = re.compile(r"[\w@%+=:,./-]+")  # what a shell takes as it stands
_WORD: Final = re.compile(r'(?:"(?:\\.|[^"\\])*"|\S)+')  # of a command


def quoted(word: object) -> str:
    """A word as a shell wants it: a file of a user's may have a blank in its name, and so has a token then.

    In double quotes, in which a backslash at the end of a line joins it with the next one.
    """
    text = str(word)
    return text if _PLAIN.fullmatch(text) else '"{}"'.format(re.sub(r'(["$`\\])', r"\\\1", text))


def command_lines(label: str, command: str, comment: str = "") -> Iterator[str]:
    """`reproduce   aprt replay TOKEN`, with what is said of it behind a `#`, or below where that does not fit."""
    said = f"    # {comment}" if comment else ""
    if _LABEL + len(command) + len(said) <= WIDTH:
        yield label.ljust(_LABEL) + command + said
        return
    yield from continued(label.ljust(_LABEL), _WORD.findall(command))
    if comment:
        yield f"{'':{_LABEL}}# {comment}"


def continued(line: str, words: list[str]) -> Iterator[str]:
    """The words of a command behind what stands in its first line.

    Broken between words; a word that is too long for a line is broken itself, and begins where a line does.
    """
    for i, word in enumerate(words):
        end = 0 if i + 1 == len(words) else 2  # a backslash may have to follow
        between = "" if i == 0 else " "
        if len(line) + len(between) + len(word) + end <= WIDTH:
            line += between + word
            continue
        yield f"{line} \\"
        line = _INDENT + word
        if len(line) + end > WIDTH:
            line = word
            while len(line) + end > WIDTH:
                cut = min(WIDTH - 1, len(line) - _LEAST)
                cut -= (cut - len(line[:cut].rstrip("\\"))) % 2  # the last one belongs to the letter behind it
                yield f"{line[:cut]}\\"
                line = line[cut:]
    yield line
