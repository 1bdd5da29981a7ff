"""Ids of commits as people write them: at least seven of their forty hexadecimal digits, from the first one on."""

from __future__ import annotations

import re
from typing import Final

_COMMIT: Final = re.compile(r"[0-9a-f]{7,40}", re.IGNORECASE)


def is_commit(text: str) -> bool:
    """Whether a text can be the id of a commit, or its beginning."""
    return _COMMIT.fullmatch(text) is not None


def same_commit(one: str, other: str) -> bool:
    """Whether two texts can be the id of one commit: one is how the other begins."""
    one, other = one.lower(), other.lower()
    return is_commit(one) and is_commit(other) and (one.startswith(other) or other.startswith(one))
