"""The pages about the museum, and about the eras that have its bugs or their fixes."""

from __future__ import annotations

from aprt.core.scenario import Era
from aprt.museum.catalogue import ENTRIES, HALLS
from aprt.museum.entry import Entry, Hall
from aprt.vfio_ap.eras import ERAS
from docs.markdown import code, flow, page, table


def museum_page() -> str:
    """Every bug of the museum: a table for each hall, and a section each."""
    halls = [_hall(hall) for hall in HALLS]
    return page(
        "# The museum",
        "Bugs that the kernel had, each with the commit of its fix. `aprt museum show B8` (or a commit) tells one, "
        "`aprt explain B8` looks for it and tells who did what until it broke, `aprt museum check` finds every one "
        "without its fix, and shows in a complete search that it is gone with it.",
        "An entry without a scenario is not modelled yet, and counts as not met; one that can only be exhibited says "
        "why.",
        *halls,
    )


def _hall(hall: Hall) -> str:
    rows = [(f"[{e.id}](#{e.id.lower()})", e.title, ", ".join(e.kinds), e.version, _place(e)) for e in hall.entries]
    index = table(("entry", "what happens", "kind", "fixed in", "scenario"), rows)
    head = f"## Hall {hall.number}: {hall.title}"
    return "\n\n".join((head, index, *(_entry(entry) for entry in hall.entries)))


def _place(entry: Entry) -> str:
    if entry.shown_by is not None:
        return f"`{entry.shown_by.buggy.partition('+')[0]}`"
    return "exhibit only" if entry.exhibit else "not yet"


def _entry(entry: Entry) -> str:
    commits = code(entry.commits) if entry.commits else "commit not known"
    facts = [
        f"- fix: {entry.subject} ({commits}), {entry.version}" + (f", {entry.cve}" if entry.cve else ""),
        f"- lesson: {entry.pattern.value}",
        *([f"- note: {entry.note}"] if entry.note else []),
        *([f"- exhibit only: {entry.exhibit}"] if entry.exhibit else []),
    ]
    parts = [f"### {entry.id}", f"**{entry.title}**", flow(entry.story), "\n".join(facts)]
    if (contrast := entry.shown_by) is not None:
        asked = f"--property {contrast.violates}"
        parts.append(f"```sh\naprt explore {contrast.buggy} {asked}\naprt explore {contrast.fixed} {asked}\n```")
    return "\n\n".join(parts)


def eras_page() -> str:
    """The eras, and which has which fix."""
    eras = list(ERAS.values())
    rows = [(f"`{era.name}`", era.title) for era in eras]
    return page(
        "# Eras",
        "The kernels that the model follows, and the series of 2019 that it began with. `aprt scenario show ERA/NAME` "
        "tells what an era has and lacks; [which era has which bug](era-matrix.md) is a page of its own.",
        table(("era", "what came with it"), rows),
        "## Which era has which fix",
        "By number in [the museum](museum.md). `--without` takes a fix out that an era has (`x`), `--with` puts one in "
        "that it lacks (`-`); where there is neither, the era has nothing that the fix could change.",
        table(("fix", *(era.name for era in eras)), map(_fix_row, ENTRIES)),
    )


def _fix_row(entry: Entry) -> tuple[str, ...]:
    return (f"[{entry.id}](museum.md#{entry.id.lower()}) {entry.title}", *(_has(era, entry) for era in ERAS.values()))


def _has(era: Era, entry: Entry) -> str:
    """What the switch of the entry is by default: in, out, or none."""
    switches = (switch for switch in era.switches if switch.kind == "fix" and switch.called(entry.id))
    return next(("x" if switch.default == "in" else "-" for switch in switches), "")
