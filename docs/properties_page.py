"""The page of the properties: what each claims, in which eras it can be asked for, and what breaks it."""

from __future__ import annotations

from typing import Final

from aprt.core.contrast import Contrast
from aprt.core.switch import FLAG
from aprt.museum.broken import BROKEN
from aprt.museum.catalogue import ENTRIES
from aprt.museum.observations import OBSERVATIONS
from aprt.museum.ways import WAYS
from aprt.verdict.claims import Claim, claims
from aprt.verdict.lookup import natural
from aprt.vfio_ap.eras import ERAS
from docs.markdown import code, flow, page, table

_BUGS: Final = frozenset(entry.id for entry in ENTRIES)
_MUTANTS: Final = frozenset(
    word for era in ERAS.values() for s in era.switches if s.kind == "mutant" for word in (s.word, *s.values)
) - set(FLAG)


def properties_page() -> str:
    """A table of all with what breaks each, and a section each."""
    found = claims(ERAS)
    today = {claim.property.id: claim.property.text for claim in claims(ERAS, "2026")}
    return page(
        "# Properties",
        "What can be asked with `--property`. A scenario checks its own without being asked; any other can be asked "
        "for by number, and `--property all` asks for every one. In era v4 P34 and P35 restate the measures, and are "
        "there only when all six are in.",
        "Every one of them can fail. It is broken by bugs of [the museum](museum.md) that are put back, by "
        "[ways](ways.md) in which the guarantee of the series fails, or by a mutant: a mistake that no kernel makes "
        "and that is there for this. Below, the first column of each section is a case that violates it, the second "
        "the nearest one in which no execution violates it, up to its end or to another violation that ends it; tests "
        "run all of them.",
        table(("property", "claims", "eras", "broken by"), map(_row, found)),
        *(_section(claim, today.get(claim.property.id, claim.property.text)) for claim in found),
    )


def _row(claim: Claim) -> tuple[str, ...]:
    property = claim.property
    return (f"[{property.id}](#{_anchor(claim)})", property.title, _eras(claim), ", ".join(_breakers(property.id)))


def _heading(claim: Claim) -> str:
    return f"{claim.property.id}: {claim.property.title}"


def _anchor(claim: Claim) -> str:
    kept = "".join(letter for letter in _heading(claim).lower() if letter.isalnum() or letter in "-_ ")
    return kept.replace(" ", "-")


def _eras(claim: Claim) -> str:
    """`all`, `v4`, `from 6.0`."""
    series, *releases = ERAS
    having = {name.partition("/")[0] for name in claim.available}
    if having == set(ERAS):
        return "all"
    first = next((era for era in releases if era in having), None)
    words = [series] if series in having else []
    if first is not None:
        assert having >= set(releases[releases.index(first) :])
        words.append("all releases" if first == releases[0] else f"from {first}")
    return ", ".join(words)


def _breakers(id: str) -> list[str]:
    """Bugs, ways and observations, as links, and mutants."""
    words = [word for one in BROKEN if one.violates == id for word in _difference(one)]
    bugs = {e.id for e in ENTRIES if e.shown_by is not None and e.shown_by.violates == id} | _BUGS.intersection(words)
    links = [f"[{bug}](museum.md#{bug.lower()})" for bug in sorted(bugs, key=natural)]
    links += [f"[{name}](ways.md#{name.lower()})" for name, way in WAYS.items() if way.violates == id]
    if any(id in ids for observation in OBSERVATIONS for _, ids in observation.shown_by):
        links.append("[today's driver](observations.md)")
    return [*links, *(f"`{word}`" for word in dict.fromkeys(words) if word in _MUTANTS)]


def _difference(contrast: Contrast) -> list[str]:
    """The switches that only one of the two names; a fix is called by its number."""
    buggy, fixed = (text.split("+")[1:] for text in (contrast.buggy, contrast.fixed))
    return [word.removesuffix("=out") for word in (*buggy, *fixed) if (word in buggy) != (word in fixed)]


def _section(claim: Claim, today: str) -> str:
    """today: what it says in today's driver. Where the series says something else, both are told."""
    first, later = flow(claim.property.text), flow(today)
    told = [f"In era v4: {first}", f"In the releases: {later}"] if first != later else [first]
    known = code(dict.fromkeys(name.rpartition("/")[2] for name in claim.default))
    by = "no scenario of its own accord" if known == "none" else known
    by += "; with a patch in, by all" if claim.property.of_patches else ""
    rows = [(f"`{one.buggy}`", f"`{one.fixed}`", one.finding) for one in BROKEN if one.violates == claim.property.id]
    shown = table(("violated in", "holds in", "says"), rows)
    return "\n\n".join((f"## {_heading(claim)}", *filter(None, told), f"Checked by: {by}.", shown))
