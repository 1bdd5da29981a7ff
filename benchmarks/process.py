"""Runs a program to its end, for what it prints."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


class ToolError(Exception):
    """A program that is measured failed, or did something else than it was asked for."""


def output(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> str:
    """What it prints on its standard output. Raises: `ToolError`, with its last words, when it fails."""
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines() or ["it says nothing"]
        raise ToolError(f"{command[0]} exits with {done.returncode}: {words[-1]}")
    return done.stdout
