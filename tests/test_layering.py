"""The architecture, checked on the source: who may import whom, and that no module keeps state.

    core <- kernel <- vfio_ap                core <- explore, runtime, detect
    explore, runtime, detect <- verdict      all of these <- view <- cli

and within vfio_ap (IN_VFIO_AP has every part):

    ap <- kvm <- host <- series <- v4 <- topology, host <- mainline <- releases

and within explore (IN_EXPLORE):

    learned <- checking <- stateful, commuting; commuting <- traces, persistent_sets, sampling
    traces <- failures; stateful <- conflicts; all of these <- auto <- parallel <- explore

An import counts wherever it stands: in a function, or under TYPE_CHECKING, it is an arrow like any other. A table
at module level is a value, not state, when its declared type lets nobody change it (`Mapping`, `Sequence`); a memo of
a pure function is no state either.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import aprt

ROOT = Path(aprt.__file__).parent

BELOW_VIEW = frozenset({"core", "kernel", "vfio_ap", "museum", "explore", "runtime", "detect", "verdict"})
MAY_IMPORT = {
    "core": frozenset[str](),
    "kernel": frozenset({"core"}),
    "vfio_ap": frozenset({"core", "kernel"}),
    "museum": frozenset({"core", "kernel", "vfio_ap"}),
    "explore": frozenset({"core"}),
    "runtime": frozenset({"core"}),
    "detect": frozenset({"core"}),
    "verdict": frozenset({"core", "explore", "runtime", "detect"}),
    "view": BELOW_VIEW,
    "cli": BELOW_VIEW | {"view"},
}

IN_VFIO_AP: Sequence[frozenset[str]] = (  # each imports only what stands in a row before its own
    frozenset({"lock_order", "memory", "process"}),
    frozenset({"ap"}),
    frozenset({"kvm"}),
    frozenset({"host"}),
    frozenset({"series", "mainline"}),
    frozenset({"v4", "releases"}),
    frozenset({"eras", "topology"}),
)

IN_EXPLORE: Sequence[frozenset[str]] = (  # likewise
    frozenset({"result", "garbage"}),
    frozenset({"learned", "watchdog"}),
    frozenset({"checking", "met", "reachability", "stepper"}),
    frozenset({"commuting", "replay"}),
    frozenset({"stateful", "traces", "persistent_sets", "sampling"}),
    frozenset({"failures", "conflicts"}),
    frozenset({"auto", "strategies"}),
    frozenset({"parallel"}),
    frozenset({"explore"}),
)
HALVES = frozenset({"compiled", "saved"})  # of strategies: what they do compiled, and what they keep in a file

WITHIN = {"vfio_ap": IN_VFIO_AP, "explore": IN_EXPLORE}

EVERYWHERE = frozenset({"attr", "attrs", "pyrsistent", "msgspec"})
ONLY_IN = {
    "trio": ("aprt.runtime", "aprt.verdict", "aprt.view.live"),  # verdict keeps a stage for many runs
    "outcome": ("aprt.runtime",),  # part of trio's interface
    "rich": ("aprt.view", "aprt.cli"),
    "click": ("aprt.cli",),
    "distributed": ("aprt.explore.parallel.cluster",),  # an extra
    "tornado": ("aprt.explore.parallel.cluster",),  # comes with distributed, whose event loop it is
    "numba": ("aprt.explore.compiled",),  # an extra
    "numpy": ("aprt.explore.compiled",),  # comes with numba
}
IMPURE = frozenset(
    {"asyncio", "concurrent", "datetime", "fcntl", "io", "multiprocessing", "os", "pathlib", "random", "secrets"}
    | {"select", "selectors", "shutil", "signal", "socket", "subprocess", "tempfile", "threading", "time", "uuid"}
)
PURE = frozenset({"core", "kernel"})
RELATIVE = "."

MUTABLE_CALLS = frozenset(
    {"list", "dict", "set", "bytearray", "array", "defaultdict", "deque", "Counter", "OrderedDict"}
)
MUTABLE_LITERALS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
READ_ONLY = frozenset({"Mapping", "Sequence", "Collection", "Set", "AbstractSet"})


def complaints(module: str, source: str) -> list[str]:
    """What is wrong with the source of `module` (aprt.package.name), one line each."""
    tree = ast.parse(source)
    found = [f"{module}:{line}: {text}" for line, text in (*_arrows(module, tree), *_state(tree))]
    return sorted(found)


def _arrows(module: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    for line, target in _imports(tree):
        if target == RELATIVE:
            yield line, "imports relatively; write the name in full"
            continue
        top = target.partition(".")[0]
        reason = _inside(module, target) if top == "aprt" else _outside(module, top)
        if reason is not None:
            yield line, f"imports {target}, {reason}"


def _inside(module: str, target: str) -> str | None:
    package, other = _package(module), _package(target)
    if package == other and package in WITHIN:
        return _inside_package(WITHIN[package], _part(module), _part(target))
    if not package or other == package:  # aprt itself gathers what a program needs
        return None
    if package not in MAY_IMPORT:
        return f"and {package} is no layer"
    return None if other in MAY_IMPORT[package] else f"which is not below {package}"


def _inside_package(within: Sequence[frozenset[str]], part: str, other: str) -> str | None:
    if other == part or HALVES & {part, other}:
        return None
    rows = [row for row, parts in enumerate(within) if part in parts]
    below = frozenset[str]().union(*within[: rows[0]]) if rows else frozenset[str]()
    return None if other in below else f"which is not below {part}"


def _outside(module: str, top: str) -> str | None:
    if top in sys.stdlib_module_names:
        return "and a pure layer does no I/O" if _package(module) in PURE and top in IMPURE else None
    if top in EVERYWHERE:
        return None
    if top not in ONLY_IN:
        return "which is no dependency of aprt"
    places = ONLY_IN[top]
    return None if any(f"{module}.".startswith(f"{place}.") for place in places) else f"allowed in {', '.join(places)}"


def _package(module: str) -> str:
    """The layer of a module; empty for `aprt` and `aprt.__main__`."""
    name = module.split(".")[1] if "." in module else ""
    return "" if name == "__main__" else name


def _part(module: str) -> str:
    """The part of a package that a module is or is in; of the package itself, the part that it stands for."""
    return ".".join(module.split(".")[2:3]) or _package(module)


def _imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module="aprt" | "aprt.vfio_ap" | "aprt.explore" as package, level=0, names=names):
                yield from ((node.lineno, f"{package}.{alias.name}") for alias in names)
            case ast.ImportFrom(module=str(name), level=0):
                yield node.lineno, name
            case ast.ImportFrom(level=level) if level:
                yield node.lineno, RELATIVE


def _state(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield node.lineno, f"changes {', '.join(node.names)} of the module"
    yield from _assignments(tree.body)


def _assignments(body: list[ast.stmt]) -> Iterator[tuple[int, str]]:
    """Assignments of something mutable that run once, at import: in the module, its classes, its conditions."""
    for node in body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")]):
                continue
            case ast.AnnAssign(annotation=annotation) if _read_only(annotation):
                continue
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value) if _mutable(value):
                yield node.lineno, f"{ast.unparse(node).partition(' =')[0]} is mutable and shared"
            case ast.ClassDef(body=inner) | ast.With(body=inner):
                yield from _assignments(inner)
            case ast.If(body=inner, orelse=other):
                yield from _assignments([*inner, *other])
            case ast.Try(body=inner, handlers=handlers, orelse=other, finalbody=final):
                yield from _assignments([*inner, *other, *final, *(s for h in handlers for s in h.body)])
            case _:
                pass


def _mutable(value: ast.expr) -> bool:
    return isinstance(value, MUTABLE_LITERALS) or (isinstance(value, ast.Call) and _called(value) in MUTABLE_CALLS)


def _read_only(annotation: ast.expr) -> bool:
    match annotation:
        case ast.Subscript(value=ast.Name(id="Final" | "ClassVar"), slice=inner):
            return _read_only(inner)
        case _:
            return _called(annotation) in READ_ONLY


def _called(node: ast.expr) -> str | None:
    """The last name of what is called or applied: `functools.lru_cache(maxsize=1)` is `lru_cache`."""
    match node:
        case ast.Call(func=function):
            return _called(function)
        case ast.Subscript(value=value):
            return _called(value)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return None


def _packages_of_explore() -> list[str]:
    return sorted(f"explore/{path.parent.name}" for path in (ROOT / "explore").glob("*/__init__.py"))


def _modules() -> list[tuple[str, Path]]:
    paths = sorted(ROOT.rglob("*.py"))
    return [(".".join(("aprt", *path.relative_to(ROOT).with_suffix("").parts)), path) for path in paths]


@pytest.mark.parametrize(("name", "path"), [pytest.param(*found, id=found[0]) for found in _modules()])
def test_a_module_imports_only_what_is_below_it_and_keeps_no_state(name: str, path: Path) -> None:
    assert complaints(name.removesuffix(".__init__"), path.read_text(encoding="utf-8")) == []


def test_every_package_is_a_layer() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages <= set(MAY_IMPORT)
    assert {"core", "kernel", "vfio_ap", "explore", "runtime", "verdict", "view", "cli"} <= packages


@pytest.mark.parametrize("package", WITHIN)
def test_every_part_has_its_row(package: str) -> None:
    parts = {path.stem for path in (ROOT / package).iterdir() if path.stem not in {"__init__", "__pycache__"}}
    assert sorted(part for row in WITHIN[package] for part in row) == sorted(parts - HALVES)


@pytest.mark.parametrize("package", ["", "core", "kernel", "runtime", "explore", *_packages_of_explore()])
def test_the_map_of_a_package_names_each_of_its_modules(package: str) -> None:
    directory = ROOT / package
    told = ast.get_docstring(ast.parse((directory / "__init__.py").read_text(encoding="utf-8"))) or ""
    names = {path.stem for path in directory.iterdir()} - {"__init__", "__main__", "__pycache__", "py"}  # py.typed
    assert {name for name in names if not re.search(rf"\b{name}\b", told)} == set()


def test_the_layers_have_no_cycle() -> None:
    below = dict(MAY_IMPORT)
    while below:
        lowest = {name for name, needs in below.items() if not needs & below.keys()}
        assert lowest, f"a cycle among {sorted(below)}"
        below = {name: needs for name, needs in below.items() if name not in lowest}


WRONG = [
    ("aprt.core.actor", "from aprt.kernel.mutex import Mutex", "imports aprt.kernel.mutex, which is not below core"),
    ("aprt.core.actor", "import trio", "imports trio, allowed in aprt.runtime, aprt.verdict, aprt.view.live"),
    ("aprt.core.actor", "import rich.live", "imports rich.live, allowed in aprt.view, aprt.cli"),
    ("aprt.core.actor", "import networkx", "imports networkx, which is no dependency of aprt"),
    ("aprt.core.actor", "import random", "imports random, and a pure layer does no I/O"),
    ("aprt.explore.states", "import aprt.runtime.run", "imports aprt.runtime.run, which is not below explore"),
    ("aprt.explore.states", "from aprt import runtime", "imports aprt.runtime, which is not below explore"),
    ("aprt.explore.states", "from aprt.vfio_ap import kvm", "imports aprt.vfio_ap.kvm, which is not below explore"),
    ("aprt.explore.states", "from . import result", "imports relatively"),
    ("aprt.explore.learned.tables", "from aprt.explore import replay", "which is not below learned"),
    ("aprt.explore.traces.dpor", "import aprt.explore.stateful.loop", "which is not below traces"),
    ("aprt.verdict.ask", "def f():\n    import click", "imports click, allowed in aprt.cli"),
    ("aprt.view.words", "from aprt.cli.options import echo", "imports aprt.cli.options, which is not below view"),
    ("aprt.view.words", "import trio", "imports trio, allowed in aprt.runtime, aprt.verdict, aprt.view.live"),
    ("aprt.vfio_ap.ap.ap_queue", "import aprt.vfio_ap.kvm.kvm", "imports aprt.vfio_ap.kvm.kvm, which is not below ap"),
    ("aprt.vfio_ap.series.pqap", "from aprt.vfio_ap import v4", "imports aprt.vfio_ap.v4, which is not below series"),
    ("aprt.vfio_ap.host.userspace", "import aprt.vfio_ap.series.pqap", "which is not below host"),
    ("aprt.vfio_ap.thing", "import aprt.vfio_ap.memory", "imports aprt.vfio_ap.memory, which is not below thing"),
    ("aprt.extra.thing", "import aprt.core.actor", "imports aprt.core.actor, and extra is no layer"),
    ("aprt.core.actor", "seen = {}", "seen is mutable and shared"),
    ("aprt.core.actor", "seen: dict[str, int] = dict()", "seen: dict[str, int] is mutable and shared"),
    ("aprt.core.actor", "if True:\n    seen = [n for n in (1, 2)]", "seen is mutable and shared"),
    ("aprt.core.actor", "class A:\n    seen = collections.deque[int]()", "seen is mutable and shared"),
    ("aprt.core.actor", "def f():\n    global seen\n    seen = 1", "changes seen of the module"),
    ("aprt.core.actor", "seen: Final[dict[str, int]] = {}", "seen: Final[dict[str, int]] is mutable and shared"),
]  # fmt: skip


@pytest.mark.parametrize(("module", "source", "complaint"), WRONG)
def test_the_check_finds_a_planted_mistake(module: str, source: str, complaint: str) -> None:
    (found,) = complaints(module, source)
    assert complaint in found


RIGHT = [
    ("aprt", "from aprt.runtime.run import run"),
    ("aprt.core.actor", "import attrs, enum\nfrom pyrsistent import pmap\nfrom aprt.core.effects import Call"),
    ("aprt.runtime.stage", "import trio.lowlevel\nimport time"),
    ("aprt.view.live", "import trio, rich.live"),
    ("aprt.view.words", "from aprt.verdict.ask import ask\nfrom aprt.vfio_ap.eras import ERAS"),
    ("aprt.vfio_ap.series.pqap", "import aprt.vfio_ap.series.reset\nfrom aprt.vfio_ap.series.machine import Machine"),
    ("aprt.explore.traces.dpor", "from aprt.explore.saved import traces\nfrom aprt.explore.commuting import bits"),
    ("aprt.explore", "from aprt.explore.explore import explore"),
    ("aprt.vfio_ap.topology.script", "from aprt.vfio_ap.host import userspace\nfrom aprt.kernel.held import held"),
    ("aprt.cli.run", "import click, rich\nimport aprt.view.words"),
    ("aprt.core.actor", "__all__ = ['a']\nFIXED = (1, 2)\nNAMES = frozenset({'a'})\nTABLE = pmap({1: 2})"),
    ("aprt.core.actor", "TABLE: Final[Mapping[int, int]] = {1: 2}\nNAMES: Sequence[str] = ['a']"),
    ("aprt.core.actor", "def f():\n    seen = []\n    return seen"),
]


@pytest.mark.parametrize(("module", "source"), RIGHT)
def test_the_check_lets_the_nearest_right_thing_pass(module: str, source: str) -> None:
    assert complaints(module, source) == []
