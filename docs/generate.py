"""Writes the pages of docs/reference that are tables of what the code says, and the README's: `make docs-tables`.

A page is a function from nothing to Markdown. What costs searches is in `measures_page`, `verdicts_page`,
`observations_page` and `era_matrix_page`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final, get_args

from aprt.core.scenario import Scenario
from aprt.core.switch import Kind, Switch, spelling
from aprt.museum.observations import OBSERVATIONS, VERDICTS, Observation
from aprt.verdict.ask import ask
from aprt.verdict.case import Case, measures
from aprt.verdict.lookup import natural, scenarios
from aprt.verdict.measures import Matrix, Subset, measures_matrix
from aprt.verdict.search import Search
from aprt.verdict.verdict import Verdict
from aprt.vfio_ap.eras import ERAS
from aprt.vfio_ap.host.assumed import Assumed
from aprt.vfio_ap.host.switches import ASSUMPTIONS
from aprt.vfio_ap.releases.elements import ASSUMED as TODAY
from aprt.vfio_ap.releases.elements import ELEMENTS, ERA
from aprt.vfio_ap.v4.era import V4
from aprt.vfio_ap.v4.measures import ASSUMED, NEEDS
from aprt.vfio_ap.v4.ways import WAYS, Way
from docs.detectors_page import detectors_page
from docs.era_matrix_page import era_matrix_page
from docs.markdown import code, flow, page, table
from docs.museum_pages import eras_page, museum_page
from docs.properties_page import properties_page
from docs.source_page import source_page

ROOT: Final = Path(__file__).parent.parent
REFERENCE: Final = ROOT / "docs" / "reference"
LIFE_CYCLES: Final = ("kill-qemu", "rogue-close")

KINDS: Final[Mapping[Kind, str]] = {
    "measure": "Things that can be put in to make the guarantee true. All are out in the series.",
    "fix": "Repairs of the kernel, by their number in the museum. Those that the era lacks are out.",
    "patch": "What a reader brings in a file of his own.",
    "variant": "What is not known of the series, or was repaired later: a choice between ways of doing it.",
    "assumption": "What public text on the architecture leaves open. Those in force are printed with every verdict.",
    "parameter": "The size of the situation, and what its guest does.",
    "mutant": "Mistakes that the kernel does not make, each there to see the property in brackets fail.",
}


def ways_page() -> str:
    """H1-H16: a table to find one, and a section each."""
    head = (
        "# Sixteen ways in which the guarantee fails",
        "Each is a scenario, `v4/h1` to `v4/h16`, that breaks one property in one particular way. The steps it lists "
        "are found in its shortest schedule in this order (`*` stands for anything); the cure is a set of switches "
        "with which no execution violates the property, up to its end or to another violation that ends it.",
        "The way's own switches keep all other ways out, so that the search can take no other.",
    )
    rows = [(f"[h{w.number}](#h{w.number})", w.title, w.breaks, code(w.cure), code(w.preset)) for w in WAYS]
    index = table(("scenario", "what happens", "breaks", "cure", "own switches"), rows)
    return page(*head, index, *(_way(way) for way in WAYS))


def _way(way: Way) -> str:
    steps = [f"{i}. `{glob}`" for i, glob in enumerate(way.contains, 1)]
    steps += [f"- never: `{glob}`" for glob in way.absent]
    cure = " ".join(f"--with {word}" for word in way.cure)
    commands = f"aprt explore v4/h{way.number}\naprt explore v4/h{way.number} {cure}"
    head = (f"## h{way.number}", f"**{way.title}** ({way.breaks})", flow(way.story))
    return "\n\n".join((*head, "\n".join(steps), f"```sh\n{commands}\n```"))


def switches_page() -> str:
    """Every switch of the era, by kind."""
    groups = [f"- `{name}`: {code(words)}" for name, words in V4.groups.items()]
    sections = []
    for kind in get_args(Kind):
        rows = [(f"`{s.word}`", _values(s), s.about) for s in V4.switches if s.kind == kind]
        head = "Fixes" if kind == "fix" else f"{kind.capitalize()}s"
        if rows:
            sections += [f"## {head}", KINDS[kind], table(("switch", "set by", "what it decides"), rows)]
    return page(
        "# Switches of era v4",
        "`--with WORD` sets a switch, `--without WORD` puts it back; in the name of a scenario a word follows a plus "
        "sign (`v4/kill-qemu+vm_ref`). Where there are several words the first is the default. "
        "`aprt scenario show 2026/kill-qemu` lists those of another era.",
        "Names for several at once:",
        "\n".join(groups),
        *sections,
    )


def _values(switch: Switch) -> str:
    if switch.flag:
        return code((switch.name, *switch.aliases))
    return code(spelling(switch, value) for value in switch.values)


def scenarios_page() -> str:
    """Every scenario that is not one of H1-H16."""
    ways = {way.scenario.name for way in WAYS}
    sections = [_scenario(s) for s in scenarios(V4) if s.name not in ways]
    return page(
        "# Scenarios of era v4",
        "What races with what, which contexts take part, and what is checked unless something else is asked for. "
        "The ways h1 to h16 have [a page of their own](ways.md), and a directory can be "
        "[a scenario too](topology.md). `aprt scenario list` has those of all eras, "
        "`aprt scenario show 2026/kill-qemu` tells one.",
        *sections,
    )


def _scenario(scenario: Scenario) -> str:
    model = Case(V4, scenario, V4.settings(scenario)).model()
    contexts = ", ".join(f"`{context.name}`" for context in model.system.contexts)
    facts = [
        f"- contexts: {contexts}",
        *(f"- scope: {line}" for line in model.scope),
        f"- checked: {', '.join(scenario.properties)}",
        *([f"- sets: {code(scenario.preset)}"] if scenario.preset else []),
    ]
    return "\n\n".join((f"## v4/{scenario.name}", f"**{scenario.title}**", flow(scenario.story), "\n".join(facts)))


def measures_page() -> str:
    """The six measures, and what each set of them is good for. Runs 64 searches per scenario."""
    rows = [(f"`{s.name}`", s.about) for s in V4.switches if s.kind == "measure"]
    return page(
        "# The six measures",
        table(("measure", "what it does"), rows),
        "## What each is for",
        "In each row the property holds, complete, with all six measures in, and is violated with the one left out.",
        needs_table(),
        "## Are the six enough?",
        "All six in, every property looked at, one assumption on the hardware changed: what still breaks. `yes` for "
        "`off_is_silent` is the default.",
        table(("scenario", "assumption", "breaks", "because"), [_assumed(row, V4.name) for row in ASSUMED]),
        "## Which of them does it take?",
        f"Every one of the {1 << len(rows)} sets of measures, each in a complete search: the smallest sets with which "
        "a property holds.",
        *(_matrix(name) for name in LIFE_CYCLES),
    )


def guarantee_page() -> str:
    """What gives the guarantee in today's kernel, and what falls without it."""
    rows = [(e.what, ", ".join(f"`{name}`" for name in e.where.split(", ")), e.breaks, e.why) for e in ELEMENTS]
    return page(
        "# What gives the guarantee today",
        "The review of the series asked what guarantees that the interrupts of a guest are off before `gisa_destroy` "
        f"takes its GISA. In era `{ERA}` these pieces do. With all of them the property holds in the scenario of its "
        "command, in a complete search; with one missing it is violated.",
        table(("piece", "in the kernel", "breaks", "because"), rows),
        "Either reference of the VM alone is enough while the device is open; to open it takes the core's. What is "
        "violated all the same: [observations](observations.md).",
        "```sh\n" + "\n".join(e.command for e in ELEMENTS) + "\n```",
        "## What it rests on",
        f"Era `{ERA}` as it is, every property looked at, one assumption on the hardware changed: what breaks. `yes` "
        "for `off_is_silent` is the default.",
        table(("scenario", "assumption", "breaks", "because"), [_assumed(row, ERA) for row in TODAY]),
    )


def needs_table() -> str:
    """Per measure, what is broken without it; the README shows it too."""
    rows = ((f"`{n.measure}`", f"`v4/{n.scenario}`", n.property, n.why) for n in NEEDS)
    return table(("without", "scenario", "breaks", "because"), rows)


def _assumed(row: Assumed, era: str) -> tuple[str, ...]:
    return (f"`{era}/{row.scenario}`", f"`{row.assumption}`", ", ".join(row.breaks) or "nothing", row.why)


def _matrix(name: str) -> str:
    scenario = V4.scenario(name)
    matrix = measures_matrix(Case(V4, scenario, V4.settings(scenario)))
    assert matrix.complete
    rows = [(id, _sets(matrix, id)) for id in matrix.properties]
    command = f"```sh\naprt explore v4/{name} --measures-matrix\n```"
    return "\n\n".join((f"### v4/{name}", command, table(("property", "smallest sets"), rows)))


def _sets(matrix: Matrix, id: str) -> str:
    if not matrix.exercised(id):
        return "never exercised: no step that it is about is possible"
    return "<br>or ".join(_set(subset) for subset in matrix.minimal(id)) or "none of the sets"


def _set(subset: Subset) -> str:
    return " + ".join(f"`{name}`" for name in measures(V4) if name in subset) or "no measure at all"


def verdicts_page() -> str:
    """The situations in `VERDICTS`, of era 2026, with every property asked. Runs a search for each."""
    rows = []
    for name, situation in VERDICTS:
        verdict = _everything(name)
        found = ", ".join(sorted({f.property for f in verdict.exploration.findings}, key=natural))
        size, complete = f"{verdict.exploration.states:,}", "yes" if verdict.exploration.complete else "no"
        scope = "; ".join(verdict.model.scope)
        rows.append((f"`2026/{name}`", situation, found or "holds", size, complete, scope))
    return page(
        "# Verdicts of era 2026",
        "Every property asked of the situations that the properties were written for, with all fixes in. What is "
        "violated is told in [Observations](observations.md); `aprt explore 2026/NAME --property all` asks again.",
        table(("scenario", "situation", "violated", "states", "complete", "scope"), rows),
        f"Assumed in all of them: {code(f'{s.name}={s.default}' for s in ASSUMPTIONS)}.",
    )


def observations_page() -> str:
    """What is violated in era 2026 with all fixes in, by reason. Runs a search for each scenario."""
    return page(
        "# Observations",
        "Races of today's driver as the model has it, with every fix in. **None of them is confirmed**: each "
        "follows from the lines that it names, and from an assumption where one is named.",
        *(section for observation in OBSERVATIONS for section in _observation(observation)),
    )


def _observation(observation: Observation) -> Iterator[str]:
    yield f"## {observation.title[0].upper()}{observation.title[1:]}"
    yield observation.what
    yield f"Rests on: {observation.rests_on}."
    if observation.needs is not None:
        yield f"Needs: {observation.needs}."
    rows = []
    for name, ids in observation.shown_by:
        shown = {one.finding.property: one for one in _everything(name).shown}
        rows += [(f"`2026/{name}`", id, shown[id].finding.text, f"`{shown[id].token}`") for id in ids]
    yield table(("scenario", "property", "says", "token"), rows)


@cache
def _everything(name: str) -> Verdict:
    """Every property asked of a scenario of era 2026, to the end."""
    return ask(Case.parse(f"2026/{name}", ERAS), ("all",), Search("states", stop_on="all"))


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "ways.md": ways_page,
    "properties.md": properties_page,
    "switches.md": switches_page,
    "scenarios.md": scenarios_page,
    "measures.md": measures_page,
    "guarantee.md": guarantee_page,
    "museum.md": museum_page,
    "eras.md": eras_page,
    "era-matrix.md": era_matrix_page,
    "detectors.md": detectors_page,
    "source.md": source_page,
    "verdicts.md": verdicts_page,
    "observations.md": observations_page,
}


def with_block(text: str, name: str, block: str) -> str:
    """The text with everything between `<!-- begin NAME -->` and `<!-- end NAME -->` replaced."""
    begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    assert found, f"no block called {name}"
    return f"{before}{begin}{block}\n{end}{after}"


def readme(text: str) -> str:
    """The README with its tables as the code has them."""
    return with_block(text, "needs", needs_table())


def main() -> None:
    """Write all of them."""
    path = ROOT / "README.md"
    path.write_text(readme(path.read_text(encoding="utf-8")), encoding="utf-8")
    for name, make in PAGES.items():
        print(f"docs/reference/{name}")
        (REFERENCE / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
