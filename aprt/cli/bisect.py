"""`--bisect`: exit codes as `git bisect run` wants them."""

from __future__ import annotations

from typing import Any, Final

import click

from aprt.cli.options import EXITS, remark
from aprt.cli.root import DIFFERED
from aprt.core.errors import ReplayMismatch

_SKIP: Final = 125  # "this commit cannot be tested"


class Bisected(click.Command):
    """A command with `--bisect`: what is not decided, or did not repeat itself on trio, makes git skip the commit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        help = f"For git bisect run: exit with {_SKIP} in place of {EXITS['INCONCLUSIVE']} and {DIFFERED}."
        self.params.append(click.Option(["--bisect"], is_flag=True, help=help))

    def invoke(self, ctx: click.Context) -> Any:
        bisect = ctx.params.pop("bisect")
        try:
            code = super().invoke(ctx)
        except ReplayMismatch as error:
            if not bisect:
                raise
            remark(str(error))
            code = DIFFERED
        return _SKIP if bisect and code in (EXITS["INCONCLUSIVE"], DIFFERED) else code
