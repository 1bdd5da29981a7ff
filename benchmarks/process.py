"""Runs programs to their end, for what they print."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path


class ToolError(Exception):
    """A program that is measured failed, or did something else than it was asked for."""


def output(command: Sequence[str], folder: Path) -> str:
    """What a command prints. Raises: `ToolError`, with its last words, when it does not exit with 0."""
    (printed,) = outputs([command], folder)
    return printed


def outputs(commands: Sequence[Sequence[str]], folder: Path, *, expected: int = 0) -> list[str]:
    """What each of several commands prints that run at the same time. expected: their exit code, as for `output`.

    `PYTHONDONTWRITEBYTECODE` is not passed on: an installed program has its modules compiled, too.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    running = [
        subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for command in commands
    ]
    printed = [program.communicate() for program in running]
    for command, program, (told, complaint) in zip(commands, running, printed, strict=True):
        if program.returncode != expected:
            words = (complaint or told).strip().splitlines() or ["it says nothing"]
            raise ToolError(f"{command[0]} exits with {program.returncode}: {words[-1]}")
    return [told for told, _ in printed]
