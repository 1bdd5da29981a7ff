"""`aprt doctor`: what a bug report should say about the machine."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys

import click

from aprt.cli.options import format_option
from aprt.cli.output import echo

REQUIRED = ("trio", "pyrsistent", "attrs", "rich", "click", "msgspec")
OPTIONAL = ("numpy", "numba", "distributed")
TOO_OLD = (3, 11)
SCHEMA = "aprt.doctor/1"


@click.command("doctor", short_help="Report versions and optional parts.")
@format_option
def command(form: str) -> int:
    """Report versions, terminal and optional parts. Exits with 1 when something needed is missing."""
    from aprt.view.version import aprt_version

    packages = {name: _version(name) for name in (*REQUIRED, *OPTIONAL)}
    size = shutil.get_terminal_size()
    facts = {
        "aprt": aprt_version(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": platform.platform(),
        "cpus": str(os.cpu_count()),
        "terminal": f"{size.columns}x{size.lines}" if sys.stdout.isatty() else "none",
        "encoding": sys.stdout.encoding,
        "color": "off (NO_COLOR)" if os.environ.get("NO_COLOR") else "on" if sys.stdout.isatty() else "off",
    }
    missing = [name for name in REQUIRED if packages[name] is None]
    fine = not missing and sys.version_info >= TOO_OLD
    if form == "json":
        echo(json.dumps({"schema": SCHEMA, "ok": fine, **facts, "packages": packages}, indent=2))
    else:
        told = {name: found or _absence(name) for name, found in packages.items()}
        echo("\n".join(f"{name:12}{value}" for name, value in (facts | told).items()))
        echo("aprt: doctor: all is there" if fine else f"aprt: doctor: missing {', '.join(missing) or 'Python 3.11'}")
    return 0 if fine else 1


def _version(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _absence(name: str) -> str:
    return "missing" if name in REQUIRED else "not installed (optional)"
