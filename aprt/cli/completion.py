"""`aprt completion`: the script that makes a shell complete aprt's commands, options, scenarios and switches."""

from __future__ import annotations

import click

from aprt.cli.output import echo


@click.command("completion", short_help="Print a completion script.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> int:
    """Print a completion script: eval "$(aprt completion bash)"."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    echo(kind(ctx.find_root().command, {}, "aprt", "_APRT_COMPLETE").source())
    return 0
