"""JSON as aprt prints it: indented, in UTF-8."""

from __future__ import annotations

import json
from typing import Any


def dump(data: Any) -> str:
    """One value, on lines of its own."""
    return json.dumps(data, indent=2, ensure_ascii=False)
