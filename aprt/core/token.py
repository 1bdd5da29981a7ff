"""The token: a schedule as a short text that can be pasted into a mail, `aprt1:v4/kill-qemu+vm_ref:PAYLOAD`.

A schedule is a sequence of *segments*, runs of steps by one context. A segment is stored as the position of its
context in `System.contexts` and a hash of the label of its last step: "run this context until it does that".
Steps in the middle of a segment are not named, so the token is short and outlives changes of the model that do
not concern where contexts switch. Three rules make it exact:

- a choice ends its segment, so that the option taken is in the hash;
- a step whose hash equals that of its segment's last step, but comes earlier, ends a segment too;
- two options of one choice that share a hash make the token ambiguous: `encode` is then asked for another `salt`.

The payload is base64url of: one byte of checksum, then bits: version of the hash (`salt`), width of a context's
position, and per segment position and hash. The rest of the last byte is zero. A reference is not covered by the
checksum, so that a person can put a switch into it and see whether the schedule still fits.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Protocol

import attrs

from aprt.core.errors import ReplayMismatch, UserError
from aprt.core.schedule import Label, Schedule
from aprt.core.system import System

SALTS = 8  # how many different hashes there are
_PREFIX = "aprt1"
_HASH_BITS, _SALT_BITS, _WIDTH_BITS = 12, 3, 4
_PATIENCE = 1_000  # steps that one segment may take before it counts as diverged


@attrs.frozen
class Segment:
    """Run the context at `position` until it has done the step whose label has this hash (12 bits)."""

    position: int
    hash: int


@attrs.frozen
class Token:
    """A decoded token. reference: the scenario, as a user writes it."""

    reference: str
    segments: tuple[Segment, ...]
    salt: int = 0


class Stepper(Protocol):
    """What `follow` needs of a driver: a system in some state, and a step at a time."""

    def options(self, context: str) -> tuple[str, ...]:
        """The operations that `context` can do now: none when it blocks or is done, several for a choice."""

    def step(self, context: str, op: str) -> None:
        """Do one of them."""


def encode(reference: str, system: System, schedule: Schedule, salt: int = 0) -> str:
    """The token of a schedule of `system`."""
    places = {context.name: position for position, context in enumerate(system.contexts)}
    width = max(1, (len(places) - 1).bit_length())
    bits = f"{salt:0{_SALT_BITS}b}{width:0{_WIDTH_BITS}b}"
    for segment in _segments(schedule, places, salt):
        bits += f"{segment.position:0{width}b}{segment.hash:0{_HASH_BITS}b}"
    bits += "0" * (-len(bits) % 8)
    body = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return f"{_PREFIX}:{reference}:{_base64(_checksum(body) + body)}"


def decode(text: str) -> Token:
    """The token that `text` spells. Raises: `UserError` when it is damaged or of an unknown version."""
    match text.strip().split(":"):
        case [version, reference, payload] if version == _PREFIX:
            return _decode(reference, payload)
        case [version, *_] if re.fullmatch(r"aprt\d+", version) and version != _PREFIX:
            raise UserError(f"token has unknown version {version!r} (this aprt reads {_PREFIX!r})")
        case _:
            raise UserError(f"not a token: {_cut(text)!r} (expected {_PREFIX}:ERA/SCENARIO:LETTERS)")


def follow(token: Token, system: System, stepper: Stepper) -> Schedule:
    """Step `stepper` along the token, from the initial state, and say which steps that took.

    Raises: `ReplayMismatch` where the system does not offer what the token asks for.
    """
    seen: Counter[tuple[str, str]] = Counter()
    labels: list[Label] = []
    for segment in token.segments:
        if segment.position >= len(system.contexts):
            raise ReplayMismatch(len(labels), f"a context number {segment.position}", _offered(system, stepper))
        name = system.contexts[segment.position].name
        for _ in range(_PATIENCE):
            candidates = [Label(name, op, seen[name, op] + 1) for op in stepper.options(name)]
            wanted = [label for label in candidates if label_hash(label, token.salt) == segment.hash]
            # in the middle of a segment there is nothing to choose
            if not wanted and len(candidates) != 1:
                raise _mismatch(len(labels), name, segment, _offered(system, stepper))
            label = (wanted or candidates)[0]
            stepper.step(name, label.op)
            seen[name, label.op] += 1
            labels.append(label)
            if wanted:
                break
        else:
            raise _mismatch(len(labels), name, segment, _offered(system, stepper))
    return Schedule(tuple(labels))


def label_hash(label: Label, salt: int) -> int:
    """12 bits that tell this step from the others of its context."""
    digest = hashlib.blake2b(f"{label.op}#{label.nth}".encode(), digest_size=2, salt=bytes([salt])).digest()
    return int.from_bytes(digest, "big") >> (16 - _HASH_BITS)


def _segments(schedule: Schedule, places: dict[str, int], salt: int) -> Iterator[Segment]:
    for run in _runs(schedule):
        hashes = [label_hash(label, salt) for label in run]
        last = hashes[-1]
        for value in hashes:
            if value == last:
                yield Segment(places[run[0].context], last)


def _runs(schedule: Iterable[Label]) -> Iterator[list[Label]]:
    """Maximal runs of one context; a choice is the last of its run."""
    run: list[Label] = []
    for label in schedule:
        if run and (label.context != run[-1].context or run[-1].op.startswith("choose ")):
            yield run
            run = []
        run.append(label)
    if run:
        yield run


def _decode(reference: str, payload: str) -> Token:
    try:
        raw = base64.b64decode(payload + "=" * (-len(payload) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise UserError(f"token cannot be decoded: {_cut(payload)!r} is not base64url") from None
    if _base64(raw) != payload:  # stray bits in the last letter
        raise UserError("token cannot be decoded: its last letter is wrong (mistyped or cut off?)")
    check, body = raw[:1], raw[1:]
    if not body or check != _checksum(body):
        raise UserError("token cannot be decoded: checksum does not match (mistyped or cut off?)")
    bits = f"{int.from_bytes(body, 'big'):0{8 * len(body)}b}"
    salt, bits = int(bits[:_SALT_BITS], 2), bits[_SALT_BITS:]
    width, bits = int(bits[:_WIDTH_BITS], 2), bits[_WIDTH_BITS:]
    size = width + _HASH_BITS
    count, rest = divmod(len(bits), size)
    if width == 0 or rest >= 8 or "1" in bits[count * size :]:
        raise UserError("token cannot be decoded: it does not hold whole segments")
    pieces = [bits[i * size : (i + 1) * size] for i in range(count)]
    return Token(reference, tuple(Segment(int(p[:width], 2), int(p[width:], 2)) for p in pieces), salt)


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _checksum(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=1, person=b"aprt1").digest()


def _mismatch(step: int, context: str, segment: Segment, enabled: tuple[str, ...]) -> ReplayMismatch:
    return ReplayMismatch(step, f"{context} to reach the step with hash {segment.hash:03x}", enabled)


def _offered(system: System, stepper: Stepper) -> tuple[str, ...]:
    return tuple(str(Label(c.name, op)) for c in system.contexts for op in stepper.options(c.name))


def _cut(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."
