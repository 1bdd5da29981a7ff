"""`aprt bench faults`: the comparison of the drivers notices each planted fault."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from aprt.cli.bench import FAULTS, command
from aprt.runtime import faults
from aprt.vfio_ap.eras import ERAS


def test_the_command_knows_every_fault() -> None:
    assert set(FAULTS) == set(faults.FAULTS)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_reported_as_a_difference(fault: str) -> None:
    result = CliRunner().invoke(command, ["faults", "--fault", fault], obj=lambda: ERAS, standalone_mode=False)
    assert result.return_value == 4
    assert result.stdout.startswith(fault)
    assert "; live: " in result.stdout
