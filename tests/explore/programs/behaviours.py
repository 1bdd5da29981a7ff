"""Random behaviours: a seed gives the text of one, made of the ways in which Python keeps values across an await.

Each is an `async` function in another one, `x` and `y` are variables of the latter. It shows values by asking for an
answer, 0 or 1, and may raise where a name is not bound.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from random import Random
from types import MappingProxyType

from aprt.core.effects import Choose, choose
from aprt.core.system import Behaviour

_NAMES = ("a", "b", "c", "x", "y")
_DEPTH = 5  # in what is deeper, the first way of each kind is taken

# <kind> stands for one of the ways of that kind
_GRAMMAR: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "behaviour": (
            "def make():\n    x, y = 1, 2\n    async def behaviour():\n        <scope>\n        a, b, c = 0, 1, 2\n"
            "        <block>\n        <block>\n        <block>\n        await ask(<value>)\n    return behaviour",
        ),
        "scope": ("nonlocal x", "nonlocal x, y", "nonlocal y", "pass"),
        "block": ("<statement>", "<statement>\n<statement>"),
        "statement": (
            "<target> = <value>",
            "<target> = <value>",
            "<name> = <answer>",
            "<name> = <answer>",
            "<answer>",
            "<name> += <answer>",
            "del <name>",
            "<name>, <name> = <name>, <name>",
            "if <value>:\n    <block>\nelse:\n    <block>",
            "for <name> in (0, 1):\n    <block>",
            "for <name> in range(2):\n    <block>\nelse:\n    <block>",
            "try:\n    <block>\nexcept NameError as <name>:\n    <block>",
            "try:\n    <block>\nfinally:\n    <block>",
            "async with Section(<value>) as <name>:\n    <block>",
            "match <value>:\n    case 0:\n        <block>\n    case <name>:\n        <block>",
            "def function(default=<name>):\n    return default + <name>\n<name> = function()",
        ),
        "target": (*_NAMES, "dead", "left", "over"),
        "name": _NAMES,
        "value": ("<name>", "<name>", "<name>", "1", "(<value> + <value>)", "(lambda: <name>)()", "<comprehension>"),
        "comprehension": tuple(f"sum([{name} + <name> for {name} in (0, 1)])" for name in _NAMES),
        "answer": (
            "await ask(<value>)",
            "await ask(<value>)",
            "await ask(<value>)",
            "(<value> + await ask(<value>))",
            "(await later(<value>))",
            "<answers>",
        ),
        "answers": tuple(
            template.format(name)
            for name in _NAMES
            for template in (
                "sum([{0} + await ask({0}) for {0} in (0, 1)])",
                "sum([(lambda: {0} + <name>)() + await ask({0}) for {0} in (0, 1)])",
                "sum([{0} + <name> async for {0} in counted(<name>)])",
            )
        ),
    }
)


def behaviour(seed: int) -> str:
    """The text of a function that gives a random behaviour."""
    return _grown("behaviour", 0, Random(seed))


def _grown(kind: str, depth: int, lots: Random) -> str:
    ways = _GRAMMAR[kind]
    way = ways[0] if depth > _DEPTH and kind not in ("name", "target") else lots.choice(ways)
    return re.sub(r"( *)<(\w+)>", lambda found: textwrap.indent(_grown(found[2], depth + 1, lots), found[1]), way)


def start(text: str) -> Callable[[], Behaviour]:
    """The function that starts a behaviour with variables of its own."""
    names = {"ask": ask, "later": later, "counted": counted, "Section": Section}
    exec(compile(text, "<behaviour>", "exec"), names)
    make: Callable[[], Callable[[], Behaviour]] = names["make"]  # type: ignore[assignment]
    return lambda: make()()


def ask(about: object) -> Choose[int]:
    return choose(repr(about), 0, 1)


async def later(value: int) -> int:
    return value + await ask(("later", value))


async def counted(value: int) -> AsyncIterator[int]:
    for place in range(2):
        yield value + await ask(("counted", place))


class Section:
    """Swallows exceptions when it is entered with an odd number."""

    def __init__(self, value: int) -> None:
        self.value = value

    async def __aenter__(self) -> int:
        return await ask(("enter", self.value))

    async def __aexit__(self, *error: object) -> bool:
        await ask(("exit", self.value))
        return self.value % 2 == 1
