"""Which aprt this is."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import Final

_VERSION: Final = "0.1.0"  # as in pyproject.toml: asking what is installed takes longer than many an answer


def aprt_version() -> str:
    """The version, as `pyproject.toml` has it."""
    return _VERSION


def aprt_source() -> str:
    """The version with a digest of the source: what searches alike."""
    root, digest = Path(__file__).parents[1], blake2b(digest_size=6)
    for file in sorted(root.rglob("*.py")):
        digest.update(f"{file.relative_to(root)}\n".encode() + file.read_bytes())
    return f"{aprt_version()} ({digest.hexdigest()})"
