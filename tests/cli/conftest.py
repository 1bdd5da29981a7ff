"""Fixtures for the tests of commands."""

import pytest

from tests.cli.own_files import ROOT


@pytest.fixture
def in_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test runs in the root of the checkout, from where the demos are named."""
    monkeypatch.chdir(ROOT)
