"""Results as test tools count them: tests, in suites, that passed or did not."""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

Standing: TypeAlias = Literal["ok", "failed", "error", "skipped"]


@attrs.frozen
class Result:
    """One test."""

    name: str
    standing: Standing  # `error`: it should have been decided, and was not
    message: str = ""  # why it did not pass
    remarks: tuple[str, ...] = ()  # lines


@attrs.frozen
class Suite:
    """Tests that were run together."""

    name: str
    results: tuple[Result, ...]
    seconds: float = 0.0
    output: str = ""  # what was printed of them as a whole

    def count(self, standing: Standing) -> int:
        return sum(result.standing == standing for result in self.results)

    @property
    def standing(self) -> Standing:
        """`failed` if one of the tests failed or is an error."""
        return "failed" if self.count("failed") or self.count("error") else "ok"
