"""The token: a schedule as a short text that can be pasted into a mail, `aprt2:v4/kill-qemu+vm_ref:PAYLOAD`.

A schedule is a sequence of *segments*, runs of steps by one context. A segment is stored as a hash of the context's
name and a hash of the label of its last step: "let this context go on until it does that" (`core.follow`). Three
rules make it exact:

- a choice ends its segment, so that the option taken is in the hash;
- a step whose hash equals that of its segment's last step, but comes earlier, ends a segment too;
- two options or contexts that share a hash make the token ambiguous: `encode` is then asked for another `salt`.

The payload is base64url of one byte of checksum and then bits: the version of the hash (`salt`), and per segment its
context and the hash of its step. A context is told by its place in the order in which contexts first come up, in as
many bits as the places so far take. One that is new has the next free place, followed by the hash of its name. Zeros
fill the last byte. The reference is not covered by the checksum, so that a person can put a switch into it and see
whether the schedule still fits.

Where the reference names files of a user's own, `.` and four letters follow, which tell what was in them: whoever
follows the token can say that they have changed. No other token has them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator

import attrs

from aprt.core.errors import UserError
from aprt.core.follow import Goal
from aprt.core.schedule import Label, Schedule
from aprt.core.system import System

SALTS = 8  # how many different hashes there are
EXAMPLE = "aprt2:ERA/SCENARIO:LETTERS"
_PREFIX = "aprt2"
_CONTEXT_BITS, _STEP_BITS, _SALT_BITS = 12, 16, 3
_OWN = "[A-Za-z0-9_-]{4}"
_AHEAD = 8  # how often the step a token asks for may be repeated before it, and still get its name
_UNKNOWN = "that this model does not have (renamed or removed?)"


def is_token(text: str) -> bool:
    """Whether a text is meant as a token, of whichever version."""
    return re.match(r"aprt\d+:", text) is not None


@attrs.frozen
class Segment:
    """Run the context whose name has this hash until it has done the step whose label has that one."""

    context: int
    step: int


@attrs.frozen
class Token:
    """A decoded token. reference: the scenario, as a user writes it. own: for the user's files that it names."""

    reference: str
    segments: tuple[Segment, ...]
    salt: int = 0
    own: str = ""

    def goals(self, system: System) -> Iterator[Goal]:
        """What to let the contexts of `system` do, in order. A context that it does not have is a goal, too."""
        for segment in self.segments:
            names = (c.name for c in system.contexts if context_hash(c.name, self.salt) == segment.context)
            yield self._goal(system, next(names, f"a context {_UNKNOWN}"), segment)

    def _goal(self, system: System, context: str, segment: Segment) -> Goal:
        met: set[str] = set()

        def reached(label: Label) -> bool:
            met.add(label.op)
            return step_hash(label, self.salt) == segment.step

        def words(seen: Counter[tuple[str, str]]) -> str:
            known = [f"{actor.name}.{op}" for actor in system.actors for op in actor.messages()]
            ops = dict.fromkeys([*sorted(met), *(op for _, op in seen), *known])
            for ahead in range(1, _AHEAD + 1):
                for op in ops:
                    label = Label(context, op, seen[context, op] + ahead)
                    if step_hash(label, self.salt) == segment.step:
                        return label.step
            return f"a step {_UNKNOWN}"

        return Goal(context, reached, words)


def encode(reference: str, schedule: Schedule, salt: int = 0, own: str = "") -> str:
    """The token of a schedule. own: as in `Token`."""
    bits = f"{salt:0{_SALT_BITS}b}"
    known: list[int] = []
    for segment in _segments(schedule, salt):
        width = len(known).bit_length()
        place = known.index(segment.context) if segment.context in known else len(known)
        bits += _binary(place, width)
        if place == len(known):
            known.append(segment.context)
            bits += _binary(segment.context, _CONTEXT_BITS)
        bits += _binary(segment.step, _STEP_BITS)
    bits += "0" * (-len(bits) % 8)
    body = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return f"{_PREFIX}:{reference}:{_base64(_checksum(body) + body)}" + (f".{own}" if own else "")


def decode(text: str) -> Token:
    """The token that `text` spells. Raises: `UserError` when it is damaged or of an unknown version."""
    match text.strip().split(":"):
        case [version, *reference, payload] if version == _PREFIX and reference:
            return _decode(":".join(reference), payload)
        case [version, *_] if re.fullmatch(r"aprt\d+", version) and version != _PREFIX:
            raise UserError(f"token has unknown version {version!r} (this aprt reads {_PREFIX!r})")
        case _:
            raise UserError(f"not a token: {_cut(text)!r} (expected {EXAMPLE})")


def context_hash(name: str, salt: int) -> int:
    """12 bits that tell this context from the others."""
    return _hash(name, salt) >> (16 - _CONTEXT_BITS)


def step_hash(label: Label, salt: int) -> int:
    """16 bits that tell this step from the others of its context."""
    return _hash(f"{label.op}#{label.nth}", salt)


def _hash(text: str, salt: int) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=2, salt=bytes([salt])).digest(), "big")


def _segments(schedule: Schedule, salt: int) -> Iterator[Segment]:
    for run in _runs(schedule):
        hashes = [step_hash(label, salt) for label in run]
        last = hashes[-1]
        for value in hashes:
            if value == last:
                yield Segment(context_hash(run[0].context, salt), last)


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
    payload, dot, own = payload.partition(".")
    if dot and not re.fullmatch(_OWN, own):
        raise UserError("token cannot be decoded: four letters follow its '.' (mistyped or cut off?)")
    try:
        raw = base64.b64decode(payload + "=" * (-len(payload) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise UserError(f"token cannot be decoded: {_cut(payload)!r} is not base64url") from None
    if _base64(raw) != payload:  # stray bits in the last letter
        raise UserError("token cannot be decoded: its last letter is wrong (mistyped or cut off?)")
    check, body = raw[:1], raw[1:]
    if not body or check != _checksum(body):
        raise UserError("token cannot be decoded: checksum does not match (mistyped or cut off?)")
    bits = _Bits(body)
    salt = bits.take(_SALT_BITS)
    try:
        return Token(reference, tuple(_read(bits)), salt, own)
    except ValueError:
        raise UserError("token cannot be decoded: it does not hold whole segments") from None


class _Bits:
    """The bits of some bytes, from the first one on."""

    def __init__(self, body: bytes) -> None:
        self._rest = f"{int.from_bytes(body, 'big'):0{8 * len(body)}b}"

    def __len__(self) -> int:
        return len(self._rest)

    def take(self, count: int) -> int:
        """The next `count` bits as a number. Raises: ValueError when there are fewer."""
        if count > len(self._rest):
            raise ValueError("no bits left")
        value, self._rest = self._rest[:count], self._rest[count:]
        return int(value or "0", 2)


def _read(bits: _Bits) -> Iterator[Segment]:
    """Segments until only the rest of a byte is left. Raises: ValueError when that is not how they end."""
    known: list[int] = []
    while len(bits) >= 8:
        place = bits.take(len(known).bit_length())
        if place == len(known):
            known.append(bits.take(_CONTEXT_BITS))
        elif place > len(known):
            raise ValueError("a place that is not taken yet")
        yield Segment(known[place], bits.take(_STEP_BITS))
    if bits.take(len(bits)):
        raise ValueError("bits behind the end")


def _binary(value: int, width: int) -> str:
    return f"{value:0{width}b}" if width else ""


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _checksum(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=1, person=_PREFIX.encode()).digest()


def _cut(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."
