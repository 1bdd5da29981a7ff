"""`--bisect`: exit codes as `git bisect run` wants them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import click

OPTION: Final = "--bisect"
_SKIP: Final = 125  # "this commit cannot be tested"
_ABORT: Final = 128  # from here on git gives up


class Bisected(click.Command):
    """A command with `--bisect`, which `aprt` itself sees to: also an option that a commit does not know is an error.

    Anything but 0 (holds) and 1 (violated) makes git skip the commit, which it would take for a bad one: what is not
    decided, what did not repeat itself on trio, a scenario that the commit does not have, a crash. An interrupt (130)
    ends the bisection.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        help = f"For git bisect run: exit with {_SKIP} in place of all but 0, 1 and {_ABORT} and more."
        self.params.append(click.Option([OPTION], is_flag=True, expose_value=False, help=help))


def for_git(code: object, args: Sequence[str]) -> object:
    """The exit code of a command line: as `git bisect run` wants it where that asks for it."""
    if OPTION not in args or not isinstance(code, int) or code in (0, 1) or code >= _ABORT:
        return code
    return _SKIP
