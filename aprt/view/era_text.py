"""What an era brings that the one before it did not have, as text or JSON.

The one before it is the one above it in `aprt era list`, if that follows the same driver. The series (v4) does not.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from aprt.core.scenario import Era
from aprt.core.switch import Switch
from aprt.view.json_text import dump
from aprt.view.lists import table, wrapped


@attrs.frozen
class News:
    """What is different between two eras."""

    era: Era
    before: Era | None
    changed: tuple[tuple[Switch, str, str], ...]  # switches with another default: the one before, the one now
    came: tuple[str, ...]  # scenarios
    went: tuple[str, ...]


def news(name: str, eras: Mapping[str, Era]) -> News:
    """What is new in the era of that name; nothing in the first era of a driver."""
    names = list(eras)
    at, era = names.index(name), eras[name]
    before = eras[names[at - 1]] if at else None
    if before is None or not any(switch.kind == "feature" for switch in before.switches):
        return News(era, None, (), (), ())
    defaults = {switch.name: switch.default for switch in before.switches}
    known = ((switch, defaults[switch.name], switch.default) for switch in era.switches if switch.name in defaults)
    now, then = set(era.scenarios), set(before.scenarios)
    changed = tuple(row for row in known if row[1] != row[2])
    return News(era, before, changed, tuple(sorted(now - then)), tuple(sorted(then - now)))


def neighbours(name: str, eras: Mapping[str, Era]) -> tuple[tuple[str, list[str]], ...]:
    """What changed since the era before, and what changes with the era after: as `since 6.0` and as `then 6.3`.

    A switch stands there by its word, with its new value unless that is "in". Empty for what is no era of these.
    """
    if name not in eras:
        return ()
    names = list(eras)
    own, after = news(name, eras), [news(other, eras) for other in names[names.index(name) + 1 :][:1]]
    told = [(f"since {own.before.name}", own)] if own.before is not None else []
    told += [(f"then {one.era.name}", one) for one in after if one.before is not None]
    return tuple((head, [_change(switch, now) for switch, _, now in one.changed]) for head, one in told)


def _change(switch: Switch, now: str) -> str:
    return switch.word if now == "in" else f"{switch.word}={now}"


def news_text(found: News) -> str:
    """Title, then switches by number or name, with the value before and now, then scenarios."""
    parts = [wrapped(f"{found.era.name}  {found.era.title}", "  ")]
    if found.before is not None:
        parts.append(f"since {found.before.name}")
    if found.changed:
        rows = ((f"  {s.kind}", s.word, f"{s.about} [{was} -> {now}]") for s, was, now in found.changed)
        parts.append(table(rows))
    for head, names in (("new scenarios", found.came), ("scenarios that it lacks", found.went)):
        if names:
            parts.append(wrapped(f"{head}: {', '.join(names)}", "  "))
    return "\n\n".join(parts)


def news_json(found: News) -> str:
    """One object, `aprt.era/1`."""
    return dump(
        {
            "schema": "aprt.era/1",
            "name": found.era.name,
            "title": found.era.title,
            "before": found.before.name if found.before is not None else None,
            "changed": [
                {"name": switch.name, "kind": switch.kind, "about": switch.about, "before": was, "now": now}
                for switch, was, now in found.changed
            ],
            "new_scenarios": list(found.came),
            "lost_scenarios": list(found.went),
        }
    )
