"""The last line of an answer, which is for grep: `aprt: WORD key=value ...`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Final

from aprt.core.scenario import Settings

_SPECIAL: Final = re.compile(r"[\s'\"\\]")  # what `shlex.split` would take apart, or away


def last_line(word: str, told: Mapping[str, object]) -> str:
    """What is told, by key, in one line that `shlex.split` splits into its words. Nothing is `-`, truth `yes` or `no`.

    A value with a blank, a quote or a backslash is quoted as for a shell; any other stands as it is.
    """
    return " ".join([f"aprt: {word}", *(f"{key}={_value(value)}" for key, value in told.items())])


def switches(settings: Settings) -> dict[str, str]:
    """What is told of switches: `with`, and `without` where a flag that was in is taken out."""
    put_in, taken_out = ",".join(settings.names()), ",".join(settings.without)
    return {"with": put_in, "without": taken_out} if taken_out else {"with": put_in}


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = "-" if value is None else str(value) or "-"
    return shlex.quote(text) if _SPECIAL.search(text) else text
