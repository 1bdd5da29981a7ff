"""An execution as JSON, for programs. The keys and the words in them are a contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aprt.core.chain import without_helpers
from aprt.core.events import Event
from aprt.core.execution import Execution
from aprt.verdict.cause import Cause
from aprt.verdict.predicted import Detected
from aprt.verdict.realised import Realised
from aprt.verdict.tokens import Recording
from aprt.view.cause_text import cause_object
from aprt.view.detected_text import detected_json
from aprt.view.json_text import dump
from aprt.view.realised_text import realised_object
from aprt.view.version import aprt_version
from aprt.view.words import word

SCHEMA = "aprt.trace/1"


def execution_json(
    recording: Recording,
    execution: Execution,
    *,
    why: Cause | Realised | None = None,
    detected: Sequence[Detected] | None = None,
) -> str:
    """One object, `aprt.trace/1`: every step of an execution, values as people read them.

    why: it fails. detected: what detectors saw in it; None where none heard it.
    """
    return dump(
        {
            "schema": SCHEMA,
            "scenario": str(recording.case),
            "token": recording.token,
            "steps": [_step(event) for event in execution.events],
            "ending": execution.ending,
            "findings": [{"property": f.property, "text": f.text} for f in execution.findings],
            "cause": cause_object(why) if isinstance(why, Cause) else None,
            "realised": realised_object(why) if isinstance(why, Realised) else None,
            "detected": None if detected is None else detected_json(detected),
            "version": aprt_version(),
        }
    )


def _step(event: Event) -> dict[str, Any]:
    return {
        "context": event.context,
        "functions": without_helpers(event.chain),
        "op": event.label.op,
        "nth": event.label.nth,
        "actor": event.actor,
        "args": [word(arg) for arg in event.args],
        "reply": None if event.reply is None else word(event.reply),
        "changed": event.changed,
        "state": word(event.state),
        "notes": [word(note) for note in event.notes],
    }
