"""A certificate as JSON: the object `certificate` of a verdict."""

from __future__ import annotations

from typing import Any

from aprt.explore.result import Exploration
from aprt.verdict.certificate import GRANULARITY, Certificate, Exercised


def certificate_object(exploration: Exploration, certificate: Certificate) -> dict[str, Any]:
    """exercised: null where it is not known, as in a search that did not come to its end."""
    found = certificate.exercised
    return {
        "model": certificate.model,
        "loop": exploration.loop,
        "stopped": exploration.stopped,
        "unasked": list(exploration.unasked),
        "step": GRANULARITY,
        "checked": list(certificate.checked),
        "unchecked": list(certificate.unchecked),
        "detectors": {kind: list(ids) for kind, ids in certificate.detectors.items()},
        "unexercised": None if found is None else found.unexercised,
        "exercised": None if found is None else _exercised(found),
    }


def _exercised(found: Exercised) -> dict[str, Any]:
    return {
        "contexts": list(found.contexts),
        "idle": list(found.idle),
        "handled": found.handled,
        "messages": found.messages,
        "gaps": list(found.gaps),
        "unrun": list(found.unrun),
        "called": list(found.called),
        "waited": list(found.waited),
        "branches": [
            {
                "where": b.where,
                "function": b.function,
                "procedure": b.procedure,
                "calls": list(b.calls),
                "answer": b.answer,
            }
            for b in found.branches
        ],
        "single": list(found.single),
        "answers": list(found.answers),
        "vacuous": list(found.vacuous),
        "absent": list(found.absent),
        "never": {kind: list(messages) for kind, messages in found.never.items()},
    }
