"""What several tests of the explorer share."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import distributed
import pytest

from aprt.explore.parallel.cluster import running_loop
from aprt.explore.parallel.local import LocalCrew


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """The scheduler of a cluster of two worker processes on this machine."""
    with (
        running_loop() as loop,
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=":0",
            silence_logs=logging.CRITICAL,
            loop=loop,
        ) as cluster,
    ):
        yield cluster.scheduler_address


@pytest.fixture(scope="session")
def crew() -> Iterator[LocalCrew]:
    """Two worker processes."""
    with LocalCrew(2) as crew:
        yield crew
