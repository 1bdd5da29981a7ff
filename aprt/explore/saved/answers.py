"""Answers about several scenarios in a file, each as JSON: those that are there need not be asked for again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from aprt.explore.saved.file import SaveFile


class SavedAnswers:
    """given: the answers, by scenario. Raises: `UserError` when the file is damaged."""

    def __init__(self, file: SaveFile) -> None:
        self._file = file
        try:
            self.given: dict[str, dict[str, Any]] = {
                scenario: msgspec.json.decode(answer, type=dict[str, Any])
                for scenario, answer in file.rows("SELECT scenario, answer FROM answers ORDER BY rowid")
            }
        except msgspec.DecodeError:
            raise file.damaged() from None

    def forget(self, which: Callable[[Mapping[str, Any]], object]) -> None:
        """Drop the answers of which `which` is true."""
        again = [scenario for scenario, answer in self.given.items() if which(answer)]
        with self._file.writing() as connection:
            connection.executemany("DELETE FROM answers WHERE scenario = ?", ((scenario,) for scenario in again))
        for scenario in again:
            del self.given[scenario]

    def add(self, scenario: str, answer: Mapping[str, Any]) -> None:
        """Keep one more answer."""
        with self._file.writing() as connection:
            connection.execute("INSERT INTO answers VALUES (?, ?)", (scenario, msgspec.json.encode(answer).decode()))
        self.given[scenario] = dict(answer)
