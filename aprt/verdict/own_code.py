"""Which files of a user's own a case is made from, and a few letters that tell whether they are what they were."""

from __future__ import annotations

import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

from aprt.verdict.case import Case
from aprt.verdict.model_hash import model_hash

_BYTES = 3  # of a hash: four letters


def own_places(names: Iterable[str]) -> tuple[str, ...]:
    """The files and modules that a scenario and switches of these names come from, as a user writes them."""
    return tuple(dict.fromkeys(place for name in names if (place := name.rpartition(":")[0])))


def own_models(cases: Iterable[Case]) -> tuple[str, ...]:
    """The hashes of the models that are made from a user's own files."""
    return tuple(
        model_hash(case.model())
        for case in cases
        if case.scenario.directory is not None or own_places((case.scenario.name, *case.words))
    )


def fingerprint(places: Iterable[str]) -> str:
    """Four letters for what is in these files now; none where there are no such files, or one cannot be read."""
    try:
        contents = sorted(_path(place).read_bytes() for place in places)
    except OSError:
        return ""
    if not contents:
        return ""
    digest = blake2b(digest_size=_BYTES)
    for content in contents:
        digest.update(b"%d " % len(content) + content)
    return urlsafe_b64encode(digest.digest()).decode()


def _path(place: str) -> Path:
    module = None if place.endswith(".py") else sys.modules.get(place)
    return Path(getattr(module, "__file__", None) or place)
