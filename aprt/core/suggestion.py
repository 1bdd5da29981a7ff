"""What an error line proposes in place of a name that is unknown."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """The end of an error line: ` (did you mean 'x'?)`, or what there is when nothing is close, in upper or lower case.

    otherwise: said when nothing is close and there is too much to name it all.
    """
    known = list(known)
    folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word.casefold(), folded, n=1)
    if close:
        return f" (did you mean {folded[close[0]]!r}?)"
    if len(known) > 12:
        return f" ({otherwise})" if otherwise else ""
    return f" (known: {', '.join(known)})"


def similar(word: str, known: Iterable[str], most: int = 5) -> list[str]:
    """Names that begin with a word, then others that have it in them, then those that are close to it."""
    known = sorted(known)
    found = [name for name in known if name.startswith(word)] + [name for name in known if word in name]
    return list(dict.fromkeys([*found, *difflib.get_close_matches(word, known, n=most, cutoff=0.7)]))[:most]
