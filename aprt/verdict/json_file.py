"""A JSON file that a user names: what it holds, or one line that says why it cannot be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aprt.core.errors import UserError

_LARGEST = 10_000_000  # bytes; what aprt writes is far smaller


def read_json(path: Path, kind: str) -> Any:
    """The value in a file that should be of some kind ("a schedule file"). Raises: `UserError`."""
    try:
        if path.is_dir():
            raise UserError(f"{path}: is a directory, not {kind}")
        if path.stat().st_size > _LARGEST:
            raise UserError(f"{path}: too large for {kind} (more than {_LARGEST:,} bytes)")
        return json.loads(path.read_bytes())
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise UserError(f"{path}: not JSON") from None
