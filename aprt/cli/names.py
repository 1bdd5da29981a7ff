"""Types of arguments that name something: a shell completes them, and a command checks them and suggests another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from aprt.core.commits import is_commit

if TYPE_CHECKING:
    from aprt.core.scenario import Era

    ParamType = click.ParamType[Any]
else:  # not generic at run time before click 8.4
    ParamType = click.ParamType


class Name(ParamType):
    """A name, completed to those that `known` finds in the eras. every: a word for all of them, in either case."""

    def __init__(self, name: str, known: Callable[[Mapping[str, Era]], list[str]], every: str = "") -> None:
        self.name, self.known, self.every = name, known, every

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        name = str(value)
        if "," in name and isinstance(param, click.Option) and param.multiple:
            again = " ".join(f"{param.opts[0]} {part}" for part in filter(None, name.split(",")))
            self.fail(f"one each, as in {again}", param, ctx)
        return self.every if name.casefold() == self.every else name

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return _starting(incomplete, [*self.known(ctx.obj()), *filter(None, [self.every])])


class Subject(ParamType):
    """`ERA/NAME`, `NAME`, a directory or a file; then `+SWITCH`. eras: or the name of an era alone, for all it has."""

    name = "scenario"

    def __init__(self, *, eras: bool = False) -> None:
        self.eras = eras

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from aprt.verdict.lookup import DEFAULT_ERA

        eras: Mapping[str, Era] = ctx.obj()
        subject, plus, _ = incomplete.rpartition("+")
        if plus:
            return _starting(incomplete, [f"{subject}+{word}" for word in _switches(_eras_of(subject, ctx))])
        full = [f"{era.name}/{name}" for era in eras.values() for name in sorted(era.scenarios)]
        era = eras.get(ctx.params.get("era") or DEFAULT_ERA)
        bare = sorted(era.scenarios) if era is not None and incomplete else []
        whole = list(eras) if self.eras else []
        # first: bash forgets what came before it
        return [CompletionItem(incomplete, type="file"), *_starting(incomplete, [*whole, *full, *bare])]


class SwitchName(Name):
    """The name of a switch, completed to those of the era of the scenario that was typed before."""

    def __init__(self) -> None:
        super().__init__("switch", _switches)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return _starting(incomplete, _switches(_eras_typed(ctx)))


class Recorded(ParamType):
    """A token, a schedule file, or a bug of the museum."""

    name = "token"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        # first: bash forgets what came before it
        return [CompletionItem(incomplete, type="file"), *_starting(incomplete, _entries(ctx.obj()))]


class Change(ParamType):
    """`with=SWITCH` or `without=SWITCH`: which of the two, and the switch."""

    name = "change"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        way, _, switch = value.partition("=")
        if way not in ("with", "without") or not switch:
            self.fail(f"{value!r} is no change (try with=SWITCH or without=SWITCH)", param, ctx)
        return way, switch

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        words = _switches(_eras_typed(ctx))
        return _starting(incomplete, [f"{way}={word}" for way in ("with", "without") for word in words])


def _starting(incomplete: str, names: list[str]) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _eras_typed(ctx: click.Context) -> Mapping[str, Era]:
    """The era of the scenario that was typed so far, the first of several."""
    scenarios = [ctx.params.get("scenario"), *(ctx.params.get("scenarios") or ())]
    # of a line that ends in an option without its value click reads no arguments
    return _eras_of(next(filter(None, [*scenarios, *ctx.args]), ""), ctx)


def _eras_of(subject: str, ctx: click.Context) -> Mapping[str, Era]:
    """The era that a scenario is of; all of them where the text does not say."""
    from aprt.verdict.lookup import DEFAULT_ERA

    eras: Mapping[str, Era] = ctx.obj()
    first, slash, _ = subject.partition("/")
    name = first if slash else ctx.params.get("era") or (DEFAULT_ERA if subject else "")
    return {name: eras[name]} if name in eras else eras


def _switches(eras: Mapping[str, Era]) -> list[str]:
    """Commits come last: there are many, and they tell a reader nothing."""
    return sorted({word for era in eras.values() for word in era.words()}, key=lambda word: (is_commit(word), word))


def _properties(eras: Mapping[str, Era]) -> list[str]:
    from aprt.verdict.claims import outlined

    return [claim.property.id for claim in outlined(eras)]


def _strategies(eras: Mapping[str, Era]) -> list[str]:
    from aprt.explore.strategies import STRATEGIES

    return list(STRATEGIES)


def _entries(eras: Mapping[str, Era]) -> list[str]:
    from aprt.museum.catalogue import ENTRIES

    return [word for entry in ENTRIES for word in (entry.id, *entry.commits)]


def _rows(eras: Mapping[str, Era]) -> list[str]:
    return [*(f"H{number}" for number in range(1, 17)), *_entries(eras)]


SCENARIO, SCENARIO_OR_ERA, TOKEN, CHANGE = Subject(), Subject(eras=True), Recorded(), Change()
SWITCH, ERA, PROPERTY = SwitchName(), Name("era", list), Name("property", _properties)
PROPERTIES = Name("property", _properties, "all")
STRATEGY, ENTRY, ROW = Name("strategy", _strategies), Name("entry", _entries), Name("row", _rows)
