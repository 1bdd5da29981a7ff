"""What `aprt` exports."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import aprt
from aprt.view.version import aprt_version


def declared() -> dict[str, str]:
    """The names that type checkers are told of, with the module each comes from."""
    tree = ast.parse(Path(aprt.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.name: str(node.module) for node in imports for alias in node.names}


def test_names_at_run_time_are_those_that_type_checkers_see() -> None:
    assert sorted(declared()) == sorted(aprt.__all__)
    for name, module in declared().items():
        if name != "explore":
            assert getattr(aprt, name) is getattr(importlib.import_module(module), name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'aprt' has no attribute 'Semaphore'"):
        aprt.Semaphore  # noqa: B018


@pytest.mark.parametrize("before", ["", "import aprt.explore.result; ", "from aprt.explore.explore import explore; "])
def test_explore_is_a_function_and_a_package_whatever_was_imported_before(before: str) -> None:
    program = f"{before}from aprt import System, explore; print(explore(System((), ())).states, explore.__name__)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "1 aprt.explore\n"


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((Path(aprt.__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    assert aprt_version() == project["project"]["version"]


def test_importing_aprt_imports_nothing_else() -> None:
    program = (
        "import sys; import aprt; print(sorted(m for m in sys.modules if m.startswith(('aprt.', 'attr', 'trio'))))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
