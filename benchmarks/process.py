"""Runs a program to its end, for what it prints."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path


class ToolError(Exception):
    """A program that is measured failed, or did something else than it was asked for."""


def output(command: Sequence[str], folder: Path, *, expected: int = 0) -> str:
    """What it prints on its standard output. Raises: `ToolError`, with its last words, for another exit code."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != expected:
        words = (done.stderr or done.stdout).strip().splitlines() or ["it says nothing"]
        raise ToolError(f"{command[0]} exits with {done.returncode}: {words[-1]}")
    return done.stdout
