"""Runs `aprt` in this process, on the eras of `tests.toy`."""

from __future__ import annotations

from click.testing import CliRunner, Result

from aprt.cli.root import root
from aprt.core.schedule import Schedule
from aprt.core.token import encode
from tests.toy import ERAS


def aprt(*args: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(root, args, obj=lambda: ERAS, env=env)


def token_of(scenario: str, steps: list[tuple[str, str]]) -> str:
    return encode(scenario, Schedule.of(steps))


ABBA = "aprt2:toy/abba:rgFjmI097Uqg"
