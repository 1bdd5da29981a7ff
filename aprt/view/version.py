"""Which aprt this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def aprt_version() -> str:
    """The version of the installed package, `unknown` in a source tree that is not installed."""
    try:
        return version("aprt")
    except PackageNotFoundError:
        return "unknown"
