"""What there is: eras, scenarios, switches and properties, as text or JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, get_args

from aprt.core.amount import count
from aprt.core.scenario import Era, Model, Scenario
from aprt.core.switch import Kind, Switch
from aprt.verdict.case import Case, measures
from aprt.verdict.claims import Claim, Outline
from aprt.verdict.lookup import scenarios
from aprt.verdict.verdict import selected
from aprt.view.json_text import dump
from aprt.view.lists import spans, table, wrapped

_FEW: Final = 24  # scenarios that are told by name


def eras_text(eras: Mapping[str, Era], width: int | None = None) -> str:
    """One line per era, or several where that is wider than `width`."""
    return table(
        (
            (era.name, f"{len(era.scenarios)} scenarios, {len(era.switches)} switches", era.title)
            for era in eras.values()
        ),
        width,
    )


def eras_json(eras: Mapping[str, Era]) -> str:
    return _dump(
        "eras",
        {
            "eras": [
                {
                    "name": era.name,
                    "title": era.title,
                    "scenarios": [scenario.name for scenario in scenarios(era)],
                    "measures": list(measures(era)),
                    "switches": [_switch(switch) for switch in era.switches],
                    "groups": {name: list(words) for name, words in era.groups.items()},
                }
                for era in eras.values()
            ]
        },
    )


def scenarios_text(listed: Iterable[tuple[Era, Scenario]], width: int | None = None) -> str:
    """One line per scenario, or several where that is wider than `width`."""
    return table(((f"{era.name}/{s.name}", s.title) for era, s in listed), width)


def scenarios_json(listed: Iterable[tuple[Era, Scenario]]) -> str:
    return _dump(
        "scenarios",
        {
            "scenarios": [
                {
                    "name": f"{era.name}/{s.name}",
                    "title": s.title,
                    "story": s.story,
                    "properties": list(s.properties),
                }
                for era, s in listed
            ]
        },
    )


def scenario_text(case: Case, beside: Iterable[tuple[str, Sequence[str]]] = ()) -> str:
    """Story, properties, scope, assumptions and switches of one case. beside: what `neighbours` says of its era."""
    model = case.model()
    own = selected(case, model, ())
    always = [p.id for p in model.properties if p.implied]
    others = _on_demand(case, model)
    parts = [f"{case}  {case.scenario.title}", *filter(None, [case.scenario.story]), "checked"]
    parts[-1] += "\n" + table((f"  {p.id}", p.title) for p in own)
    if always:
        parts[-1] += f"\n  in every search: {', '.join(always)}"
    if others:
        parts[-1] += "\n" + wrapped(f"  on demand: {', '.join(others)}", "    ")
    parts.append("scope\n" + "\n".join(wrapped(f"  {line}", "    ") for line in model.scope))
    if model.assumptions:
        parts.append("assumed\n" + table((f"  {name}", value) for name, value in model.assumptions))
    if beside:
        rows = ((f"  {head}", ", ".join(words) or "nothing") for head, words in beside)
        parts.append(f"era {case.era.name} and its neighbours\n{table(rows)}")
    for head, switches in _by_kind(case.era):
        if switches:
            rows = ((f"  {s.word}", f"{s.about} [{_values(s, case.settings[s.name])}]") for s in switches)
            parts.append(f"{head}\n{table(rows)}")
    return "\n\n".join(parts)


def scenario_json(case: Case, beside: Iterable[tuple[str, Sequence[str]]] = ()) -> str:
    model = case.model()
    return _dump(
        "scenario",
        {
            "name": str(case),
            "title": case.scenario.title,
            "story": case.scenario.story,
            "properties": [p.id for p in selected(case, model, ())],
            "on_demand": _on_demand(case, model),
            "contexts": [context.name for context in model.system.contexts],
            "actors": [actor.name for actor in model.system.actors],
            "scope": list(model.scope),
            "assumptions": dict(model.assumptions),
            "neighbours": {head: list(words) for head, words in beside},
            "switches": [_switch(s) | {"value": case.settings[s.name]} for s in case.era.switches],
        },
    )


def _on_demand(case: Case, model: Model) -> list[str]:
    own = selected(case, model, ())
    return [p.id for p in model.properties if p not in own and not p.implied]


def claims_text(claims: Iterable[Outline], width: int | None = None) -> str:
    """One line per property, or several where that is wider than `width`."""
    return table(((claim.property.id, claim.property.title) for claim in claims), width)


def claim_text(claim: Outline, eras: Sequence[str]) -> str:
    """One property in full; of an outline, how to see the rest. eras: all of them, the oldest first."""
    parts = [f"{claim.property.id}  {claim.property.title}"]
    if claim.property.text:
        parts.append(wrapped(" ".join(claim.property.text.split())))
    if claim.property.implied:
        return "\n\n".join([*parts, "checked by: every search"])
    parts.append(_checked_by(claim.default, eras))
    if claim.property.of_patches:
        parts[-1] += "\nwith a patch in: by every scenario"
    if isinstance(claim, Claim):
        more = [name for name in claim.available if name not in claim.default]
        demand = "on demand, with all measures in" if claim.all_measures else "on demand"
        parts += [wrapped(f"{demand}: {_named(more, eras)}", "  ")] if more else []
    else:
        era = claim.default[-1].partition("/")[0]
        parts.append(f"on demand, in one era: aprt property show {claim.property.id} --era {era}")
    return "\n\n".join(parts)


def _checked_by(references: Sequence[str], eras: Sequence[str]) -> str:
    """Scenarios by name; where that would be a page, together those of the same eras."""
    if len(references) <= _FEW:
        return wrapped(f"checked by: {', '.join(references) or 'no scenario of its own accord'}", "  ")
    having: dict[str, list[str]] = {}
    for era, name in (reference.split("/") for reference in references):
        having.setdefault(name, []).append(era)
    alike: dict[str, list[str]] = {}
    for name, own in having.items():
        alike.setdefault(spans(own, eras), []).append(name)
    return "checked by\n" + table((f"  {span}", ", ".join(names)) for span, names in alike.items())


def _named(references: Sequence[str], eras: Sequence[str]) -> str:
    """Scenarios by name; so many of each era where that would be a page."""
    if len(references) <= _FEW:
        return ", ".join(references)
    alike: dict[int, list[str]] = {}
    for era, n in Counter(reference.split("/")[0] for reference in references).items():
        alike.setdefault(n, []).append(era)
    return ", ".join(f"{count(n, 'scenario')} of {spans(own, eras)}" for n, own in alike.items())


def claims_json(claims: Sequence[Claim]) -> str:
    return _dump(
        "properties",
        {
            "properties": [
                {
                    "id": claim.property.id,
                    "title": claim.property.title,
                    "text": " ".join(claim.property.text.split()),
                    "default": list(claim.default),
                    "available": list(claim.available),
                    "all_measures": claim.all_measures,
                }
                for claim in claims
            ]
        },
    )


def _by_kind(era: Era) -> Iterator[tuple[str, list[Switch]]]:
    """The era's switches under headings: those of a kind, fixes by whether the era has them."""
    for kind in get_args(Kind):
        switches = [switch for switch in era.switches if switch.kind == kind]
        if kind == "fix":
            yield f"fixes that {era.name} has", [switch for switch in switches if switch.default == "in"]
            yield f"fixes that {era.name} lacks", [switch for switch in switches if switch.default == "out"]
        else:
            yield f"{kind}s", switches


def _values(switch: Switch, value: str) -> str:
    """The value in force, then what else there is."""
    others = [] if switch.flag else [other for other in switch.values if other != value]
    return ", or ".join([value, *others])


def _switch(switch: Switch) -> dict[str, Any]:
    return {
        "name": switch.name,
        "kind": switch.kind,
        "values": list(switch.values),
        "about": switch.about,
        "aliases": list(switch.aliases),
    }


def _dump(kind: str, data: dict[str, Any]) -> str:
    return dump({"schema": f"aprt.{kind}/1", **data})
