"""Scenarios before a driver is in them: those that the series and the releases have in common."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import attrs

from aprt.core.scenario import Model, Scenario, Settings
from aprt.vfio_ap.host.situation import Situation


@attrs.frozen(eq=False)
class Plot:
    """A `Scenario` for any driver. build: its model, by the class of the driver's situations and the settings."""

    name: str
    title: str
    story: str
    build: Callable[[type[Situation], Settings], Model]
    properties: tuple[str, ...] = ()
    preset: tuple[str, ...] = ()

    def scenario(self, kind: type[Situation]) -> Scenario:
        """The scenario with the driver whose situations are of this class."""
        return Scenario(self.name, self.title, self.story, self.properties, partial(self.build, kind), self.preset)
