"""The `aprt` command: imports a subcommand when it is asked for, and turns errors into lines and exit codes.

The object of the click context is a function that returns the known eras. So tests can bring their own, and `--help`
imports none.
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import importlib
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import click

from aprt.cli.bisect import for_git
from aprt.cli.output import CRASHED, DIFFERED, INTERRUPTED, PIPE, UNWRITTEN, USAGE
from aprt.core.errors import ReplayMismatch, UnknownProperty, UserError, WrongArgument

if TYPE_CHECKING:
    from aprt.cli.cases import Registry
    from aprt.core.scenario import Era

# errors of writing to stdout; what goes wrong with other files is a `UserError` raised where it happens
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})

COMMANDS = (
    "run",
    "explore",
    "replay",
    "explain",
    "shrink",
    "diff",
    "locks",
    "races",
    "merge",
    "scenario",
    "property",
    "era",
    "museum",
    "bench",
    "doctor",
    "completion",
)


class Root(click.Group):
    """A group of commands, each the attribute `command` of a module in `aprt.cli`. They return their exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"aprt.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            ctx.fail(f"unknown command {args[0]!r}" + (f" (did you mean {close[0]!r}?)" if close else ""))
        return super().resolve_command(ctx, args)

    def main(self, args: Sequence[str] | None = None, *_: Any, **extra: Any) -> NoReturn:
        extra |= {"prog_name": "aprt", "standalone_mode": False}
        _replace_closed_streams()
        try:
            code = super().main(args, **extra)
            sys.stdout.flush()
        except Exception as error:
            code = _told(error, sys.argv[1:] if args is None else args, extra["obj"])
        except KeyboardInterrupt:
            code = _say("interrupted", INTERRUPTED)
        code = for_git(code, sys.argv[1:] if args is None else args)
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:  # which click would answer with an empty line
            return _say("interrupted", INTERRUPTED)
        except BrokenPipeError:  # which click would make exit code 1, and that means "violated"
            _silence()
            return PIPE


@click.group(
    cls=Root,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.option("--version", is_flag=True, help="Show the version and exit.")
@click.pass_context
def root(ctx: click.Context, version: bool) -> None:
    """Run, explore and explain the concurrency of the s390 vfio-ap interrupt path.

    Begin with: aprt explore v4/kill-qemu, or: aprt explain B4. What else there is: aprt scenario list,
    aprt museum list.
    """
    if version:
        from aprt.view.version import aprt_version

        click.echo(f"aprt {aprt_version()}")
        ctx.exit()
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def _told(error: Exception, args: Sequence[str], registry: Registry) -> int:
    """Print an error, in one line unless it is a mistake of aprt, and return its exit code."""
    match error:
        case click.UsageError():
            return _say(_usage(error, args), USAGE)
        case UnknownProperty() if _checked_elsewhere(error.id, registry()):
            there = f"aprt property show {error.id} names the scenarios that do"
            return _say(f"{error.where} does not know property {error.id}; {there}", USAGE)
        case WrongArgument() if (mistake := _in_own_file(error)) is not None:
            return _say(mistake, USAGE)
        case click.ClickException() | UserError():
            return _say(str(error), USAGE)
        case ReplayMismatch():
            return _say(str(error), DIFFERED)
        case click.Abort():
            return _say("interrupted", INTERRUPTED)
        case BrokenPipeError():
            _silence()
            return PIPE
        case OSError(errno=number) if number in FULL:
            _silence()
            return _say(f"the output cannot be written: {error.strerror}", UNWRITTEN)
        case _ if (mistake := _in_own_file(error)) is not None:
            return _say(mistake, USAGE)
        case _:
            traceback.print_exception(error)
            return _say("this is a mistake in aprt or in a model, not in what you typed", CRASHED)


def _in_own_file(error: Exception) -> str | None:
    if "aprt.cli.own_modules" not in sys.modules:
        return None
    from aprt.cli.own_modules import blamed

    return blamed(error)


def _say(message: str, code: int) -> int:
    with contextlib.suppress(OSError):  # stderr may be closed
        click.echo(f"aprt: {' '.join(message.split())}", err=True)
    return code


def _usage(error: click.UsageError, args: Sequence[str]) -> str:
    message = error.format_message().rstrip(".")
    ctx = error.ctx or _typed(args)
    if isinstance(error, click.NoSuchOption):
        close = " or ".join(map(repr, error.possibilities or ()))
        message = f"no such option {error.option_name!r}" + (f" (did you mean {close}?)" if close else "")
    elif isinstance(error, click.BadOptionUsage) and message.endswith("requires an argument"):
        message += f": {_wanted(ctx, error.option_name)}"
    elif isinstance(ctx.command, click.Group) and message == "Missing command":
        message += f": {', '.join(ctx.command.list_commands(ctx))}"
    return f"{message[:1].lower()}{message[1:]} (try '{ctx.command_path} --help')"


def _typed(args: Sequence[str]) -> click.Context:
    """The command that was typed, for an error that does not say which it was."""
    ctx, rest = click.Context(root, info_name="aprt"), list(args)
    while rest and isinstance(ctx.command, click.Group) and (found := ctx.command.get_command(ctx, rest[0])):
        ctx = click.Context(found, parent=ctx, info_name=rest.pop(0))
    return ctx


def _wanted(ctx: click.Context, option: str) -> str:
    """What an option takes: its choices, or a word for it."""
    (taken,) = (param for param in ctx.command.params if option in param.opts)
    if isinstance(taken.type, click.Choice):
        return ", ".join(taken.type.choices)
    return taken.metavar or taken.type.name.upper()


def _checked_elsewhere(id: str, eras: Mapping[str, Era]) -> bool:
    return any(id.upper() in scenario.properties for era in eras.values() for scenario in era.scenarios.values())


def _replace_closed_streams() -> None:
    # `aprt ... >&-` in a shell: treat it as `>/dev/null`
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115


def _silence() -> None:
    # what is still buffered has nowhere to go, and Python must not complain about it at exit
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
