"""A matrix: the three masks that say which adapters, usage domains and control domains somebody has.

No mask can name a single APQN: a set of queues is always adapters x usage domains.

Mirrors: drivers/s390/crypto/vfio_ap_private.h: struct ap_matrix. Left out: the maxima (`ApBus` knows them).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import attrs
from pyrsistent import PSet, pset

from aprt.vfio_ap.ap.apqn import Apqn, QueueDimension

Dimension: TypeAlias = Literal["apm", "aqm", "adm"]


@attrs.frozen
class Matrix:
    """apm: adapters, aqm: usage domains, adm: control domains; numbers 0..255."""

    apm: PSet[int] = pset()
    aqm: PSet[int] = pset()
    adm: PSet[int] = pset()

    @classmethod
    def of(cls, apm: Iterable[int] = (), aqm: Iterable[int] = (), adm: Iterable[int] = ()) -> Matrix:
        return cls(pset(apm), pset(aqm), pset(adm))

    def __contains__(self, apqn: Apqn) -> bool:
        return apqn.apid in self.apm and apqn.apqi in self.aqm

    def apqns(self) -> tuple[Apqn, ...]:
        """Adapter-major, ascending."""
        return tuple(Apqn(apid, apqi) for apid in sorted(self.apm) for apqi in sorted(self.aqm))

    def has(self, dimension: Dimension, number: int) -> bool:
        return number in self._mask(dimension)

    def part(self, dimension: QueueDimension, numbers: Iterable[int]) -> Matrix:
        """What of it, with `numbers` in it, has one of them."""
        return Matrix.of(numbers, self.aqm) if dimension == "apm" else Matrix.of(self.apm, numbers)

    def with_bit(self, dimension: Dimension, number: int) -> Matrix:
        return self._replaced(dimension, self._mask(dimension).add(number))

    def without_bit(self, dimension: Dimension, number: int) -> Matrix:
        return self._replaced(dimension, self._mask(dimension).discard(number))

    def intersection(self, other: Matrix) -> Matrix:
        return Matrix.of(self.apm & other.apm, self.aqm & other.aqm, self.adm & other.adm)

    def union(self, other: Matrix) -> Matrix:
        return Matrix.of(self.apm | other.apm, self.aqm | other.aqm, self.adm | other.adm)

    def difference(self, other: Matrix) -> Matrix:
        """Each mask without what the other has in the same."""
        return Matrix.of(self.apm - other.apm, self.aqm - other.aqm, self.adm - other.adm)

    def _mask(self, dimension: Dimension) -> PSet[int]:
        mask: PSet[int] = getattr(self, dimension)
        return mask

    def _replaced(self, dimension: Dimension, mask: PSet[int]) -> Matrix:
        match dimension:
            case "apm":
                return attrs.evolve(self, apm=mask)
            case "aqm":
                return attrs.evolve(self, aqm=mask)
            case "adm":
                return attrs.evolve(self, adm=mask)

    def __str__(self) -> str:
        told = (
            f"{name}={{{','.join(f'{n:x}' for n in sorted(mask))}}}"
            for name, mask in (("apm", self.apm), ("aqm", self.aqm), ("adm", self.adm))
            if mask
        )
        return " ".join(told) or "nothing"
