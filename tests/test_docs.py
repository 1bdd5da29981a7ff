"""The documents say what the program does: commands, code, links, tables.

Commands in a `console` block are run, and must print what the block shows: `...` stands for anything, and
`# exits with N` behind a command for its exit code. So are commands in other blocks that say what they exit with; the
rest must parse and name what exists.
"""

from __future__ import annotations

import contextlib
import doctest
import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import click
import pytest
from click.testing import CliRunner

from aprt.cli import known_eras
from aprt.cli.cases import find_cases
from aprt.cli.root import root
from aprt.core.caller import Caller
from aprt.core.errors import UserError
from aprt.verdict.verdict import selected
from aprt.vfio_ap.ap.ap_queue import ApQueue
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.queue_state import HOST, ApQueueState, Change, Target
from aprt.vfio_ap.host.switches import ASSUMPTIONS
from docs import generate, source_map
from docs.driver_functions import FUNCTIONS, LEFT_OUT

ROOT = Path(__file__).parent.parent
DOCUMENTS = (
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / n for n in ("README.md", "CHANGELOG.md", "tests/README.md")),
)
SOURCES = sorted((ROOT / "aprt").rglob("*.py"))
LINK = re.compile(r"\]\(([^)\s]+)\)")
DOCUMENT = re.compile(r"(docs/[\w/-]+\.md)(?:`, \"([^\"]+)\")?")  # `docs/a.md`, "Section"
TARGET = Target("vm0", 0x3F00, "vm0.gisa", 3, 5)


@attrs.frozen
class Block:
    """A fenced block of a document. line: of its fence, from 1."""

    path: Path
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"


@attrs.frozen
class Session:
    """A command with what it should print and its exit code."""

    where: str
    command: str
    output: str
    exit: int


def blocks(path: Path) -> Iterator[Block]:
    text = path.read_text(encoding="utf-8")
    for found in re.finditer(r"^```(\S*)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL):
        yield Block(path, 1 + text.count("\n", 0, found.start()), found[1], found[2])


ALL_BLOCKS = [block for path in DOCUMENTS for block in blocks(path)]


def sessions() -> Iterator[Session]:
    for block in ALL_BLOCKS:
        if block.kind == "console":
            for piece in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
                command, _, output = piece.partition("\n")
                yield Session(str(block), command, output, _exit(command) or 0)
        else:
            for line in block.text.splitlines():
                code = _exit(line)
                if code is not None:
                    yield Session(str(block), line, "...\n", code)


def _exit(command: str) -> int | None:
    code = re.search(r"#.*\bexits with (\d+)$", command)
    return int(code[1]) if code else None


def commands() -> Iterator[tuple[str, str]]:
    """Every line of a block that begins with `aprt`, and every such piece of code in a sentence."""
    for block in ALL_BLOCKS:
        for line in block.text.splitlines():
            if line.removeprefix("$ ").startswith("aprt "):
                yield str(block), line.removeprefix("$ ")
    for path in DOCUMENTS:
        prose = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for code in re.findall(r"`(aprt [^`]*)`", prose):
            yield str(path.relative_to(ROOT)), code


SESSIONS, COMMANDS = list(sessions()), list(commands())


@pytest.mark.parametrize("session", [pytest.param(s, id=f"{s.where} {s.command}") for s in SESSIONS])
def test_a_command_prints_what_the_document_shows(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    program, *arguments = shlex.split(session.command, comments=True)
    assert program == "aprt"
    result = CliRunner().invoke(root, arguments, obj=known_eras)
    assert result.exit_code == session.exit
    same = doctest.OutputChecker().check_output(session.output, result.stdout, doctest.ELLIPSIS)
    assert same, f"{session.where}: {session.command} prints\n{result.stdout}"


@pytest.mark.parametrize(("where", "command"), COMMANDS)
def test_a_command_parses_and_names_what_exists(where: str, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    asked, _, _ = command.partition(" > ")
    assert_parses(shlex.split(asked, comments=True)[1:])


@pytest.mark.parametrize(
    "line", ["explor v4/h1", "explore v4/h99", "explore v4/h1 --with vm_reff", "run --sed 1 v4/h1"]
)
def test_the_check_of_commands_refuses_what_does_not_exist(line: str) -> None:
    with pytest.raises((click.UsageError, UserError, AssertionError)):
        assert_parses(shlex.split(line))


def assert_parses(arguments: list[str]) -> None:
    """A command line parses, and names what exists. Nothing is run; CAPITALS stand for anything."""
    command: click.Command = root
    context = click.Context(root, info_name="aprt", obj=known_eras)
    rest = list(arguments)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(context, rest[0])
        assert found is not None, f"no command {rest[0]}"
        command, context = found, click.Context(found, parent=context, info_name=rest.pop(0))
    if not rest:  # only the name of a command
        return
    with contextlib.suppress(click.exceptions.Exit):  # --help
        given = command.make_context(context.info_name, rest, parent=context.parent).params
        named = given.get("scenarios", (given.get("scenario", "ANY"),))
        switches = given.get("put_in", ()), given.get("taken_out", ())
        known = tuple(name for name in named if not name.removesuffix("...").isupper())
        for case in find_cases(known_eras, known, given.get("era"), *switches):
            selected(case, case.model(), given.get("properties", ()))


WITH_CODE = sorted({block.path for block in ALL_BLOCKS if block.kind == "python"})


@pytest.mark.parametrize("path", WITH_CODE, ids=lambda path: path.name)
def test_code_in_a_document_works(path: Path) -> None:
    assert_code_works(path)


def assert_code_works(path: Path) -> None:
    """The Python blocks of a document run, one after the other, and so do the tests that they define."""
    names: dict[str, Any] = {"__name__": path.stem}
    for block in blocks(path):
        if block.kind == "python":
            # line numbers as in the document, for whoever has to read a traceback
            exec(compile("\n" * block.line + block.text, str(path), "exec"), names)
    for name, value in list(names.items()):
        if name.startswith("test_"):
            value()


def test_the_first_code_of_the_page_on_own_actors_is_that_of_the_demo() -> None:
    demo = (ROOT / "demos/device.py").read_text(encoding="utf-8")
    code = [block.text for block in blocks(ROOT / "docs/howto/write-your-own.md") if block.kind == "python"]
    parts = [part.strip() for text in code[:2] for part in text.split("\n\n\n")]
    assert [part for part in parts if part not in demo and "import" not in part] == []
    assert code[2].split("\n\n")[1] in demo


LINKS = [(path, link) for path in DOCUMENTS for link in LINK.findall(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(("path", "link"), [pytest.param(p, t, id=f"{p.name} {t}") for p, t in LINKS])
def test_a_link_leads_to_a_file_and_a_heading(path: Path, link: str) -> None:
    if link.startswith("https://"):
        return
    file, _, anchor = link.partition("#")
    target = (path.parent / file).resolve() if file else path
    assert target.exists()
    assert not anchor or anchor in anchors(target)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_a_link_has_a_text_that_is_seen_wherever_the_document_is_read(path: Path) -> None:
    assert not re.findall(r"\[\]\(.*", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*/*.md")), ids=lambda path: path.stem)
def test_the_readme_and_the_index_lead_to_every_document(path: Path) -> None:
    page = path.relative_to(ROOT / "docs").with_suffix("")
    assert f"(docs/{page}.md)" in (ROOT / "README.md").read_text()
    assert str(page) in (ROOT / "docs/index.md").read_text().split()


def test_the_headings_of_a_document_have_the_anchors_that_web_sites_give_them() -> None:
    assert anchors(ROOT / "docs/reference/model.md") >= {"ap-queue", "path-of-one-interrupt", "gib-and-the-alert-list"}


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_docstrings_name_documents_and_sections_that_exist() -> None:
    named = [found for path in SOURCES for found in DOCUMENT.findall(path.read_text(encoding="utf-8"))]
    assert ("docs/reference/model.md", "AP queue") in named
    for document, section in named:
        assert (ROOT / document).exists()
        assert not section or f"# {section}\n" in (ROOT / document).read_text(encoding="utf-8")


def test_targets_of_make_that_documents_name_exist() -> None:
    rules = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    text = "".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    named = set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", text, flags=re.MULTILINE))
    assert {"demo", "test"} <= named <= rules


SEARCHES = {
    "measures.md",
    "verdicts.md",
    "observations.md",
    "era-matrix.md",
}  # pages that take longer than the default suite allows


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SEARCHES)) for name in generate.PAGES]
)
def test_a_generated_page_is_what_the_code_says(name: str) -> None:
    assert (generate.REFERENCE / name).read_text(encoding="utf-8") == generate.PAGES[name]()


def test_every_function_of_the_driver_is_mirrored_or_left_out_for_a_reason() -> None:
    known = {name for names in FUNCTIONS.values() for name in names}
    found = source_map.mirrored(ROOT / "aprt")
    told = {one.symbol for one in found if one.file in FUNCTIONS}
    assert known <= told | set(LEFT_OUT)
    assert set(LEFT_OUT) <= known - told


def test_what_a_docstring_mirrors_is_read_with_its_file_and_release() -> None:
    found = {(one.file, one.symbol, one.version) for one in source_map.mirrored(ROOT / "aprt")}
    assert {
        ("drivers/s390/crypto/vfio_ap_ops.c", "vfio_ap_mdev_set_kvm", "6.12"),
        ("drivers/s390/crypto/vfio_ap_ops.c", "vfio_ap_mdev_iommu_notifier", "v4 series, patch 4"),
        ("virt/kvm/kvm_main.c", "kvm_put_kvm", "6.12"),
        ("QEMU hw/vfio/ap.c", "vfio_ap_realize", "3.1"),
        ("mm/slub.c", "kfree", "6.12"),
        ("drivers/vfio/vfio_main.c", "vfio_file_set_kvm", "6.0"),
        ("arch/s390/include/asm/ap.h", "struct ap_queue_status", "6.12"),
        ("include/linux/kvm_host.h", "struct kvm_device_ops", "6.12"),
        ("drivers/s390/crypto/zcrypt_api.h", "struct zcrypt_queue", "6.12"),
        ("drivers/vfio/group.c", "vfio_df_group_open", "6.12"),
        ("drivers/s390/crypto/vfio_ap_private.h", "struct ap_matrix_dev", "v4 series"),
    } <= found


def test_no_place_of_the_source_page_is_without_a_release() -> None:
    assert not [one for one in source_map.mirrored(ROOT / "aprt") if not re.search(r"\d\.\d|v4", one.version)]


def test_the_patch_that_the_howto_shows_is_that_of_its_commands() -> None:
    (shown,) = (block.text for block in blocks(ROOT / "docs/howto/model-a-patch.md") if block.kind == "python")
    assert (ROOT / "demos/handler_lock.py").read_text(encoding="utf-8").partition('"""\n\n')[2] == shown


def test_the_tables_of_the_readme_are_what_the_code_says() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert generate.readme(text) == text
    assert generate.needs_table() in text
    assert generate.needs_table() in (generate.REFERENCE / "measures.md").read_text(encoding="utf-8")


def test_the_table_of_answers_in_the_model_page_is_what_a_queue_answers() -> None:
    states = {
        "absent": ApQueueState(cfg="absent"),
        "configured off": ApQueueState(cfg="off"),
        "checkstopped": ApQueueState(chkstop=True),
        "in a reset": ApQueueState(pending_reset="RAPQ"),
        "in an interrupt change": ApQueueState(pending_irq=Change(None), irq=TARGET),
        "none of these": ApQueueState(irq=TARGET),
    }
    rows = {cells[0]: cells[1:] for cells in _table("the queue is") if cells[0] in states}
    assert rows.keys() == states.keys()
    queue = ApQueue("hw", Apqn(5, 4))
    by = Caller("test")
    for name, told in rows.items():
        calls = (queue.tapq(HOST), queue.reset("RAPQ", HOST), queue.aqic(None), queue.nqap(HOST), queue.dqap(HOST))
        for call, cell in zip(calls, told, strict=True):
            done = queue.handle(states[name], call, by)
            assert isinstance(done, tuple)
            assert str(done[1].rc) in re.findall(r"\b\d\d\b", cell), f"{name}: {call}"


def test_the_assumptions_in_the_model_page_are_those_of_the_era() -> None:
    told = [(cells[0], cells[1]) for cells in _table("switch")]
    assert told == [(f"`{s.name}`", ", ".join(f"`{value}`" for value in s.values)) for s in ASSUMPTIONS]


def _table(first: str) -> list[list[str]]:
    """The rows of the table of docs/reference/model.md whose head begins with `first`."""
    lines = iter((ROOT / "docs/reference/model.md").read_text(encoding="utf-8").splitlines())
    for line in lines:
        if line.startswith(f"| {first} |"):
            break
    rows = itertools.takewhile(lambda line: line.startswith("|"), lines)
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows][1:]
