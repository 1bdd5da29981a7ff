"""The functions of an era's driver that a patch can replace, as text or JSON."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from aprt.core.replacing import names_of, unbound
from aprt.core.scenario import Era, Settings
from aprt.view.json_text import dump


def functions_text(era: Era) -> str:
    """Each as it is called, with the kernel's function that it is, and where it is to be imported from."""
    head = f"{era.name}: what a patch can replace, as in aprt.patch(about, NAME=function)"
    return "\n\n".join([head, "\n".join(map(_told, _functions(era)))])


def _told(one: Mapping[str, Any]) -> str:
    call = f"{one['name']}({', '.join(one['parameters'])}) -> {one['returns']}"
    kernel = one["kernel"].replace(", ", "(), ")
    return f"  {call}\n      kernel  {kernel}()\n      model   {one['function']}"


def functions_json(era: Era) -> str:
    """One object, `aprt.functions/1`. function: a name to import. kernel: what the kernel calls it,
    two names where it is two functions there.
    """
    return dump({"schema": "aprt.functions/1", "era": era.name, "functions": list(_functions(era))})


def _functions(era: Era) -> Iterator[dict[str, Any]]:
    for name, function in era.functions.items():
        behaviour, signature = unbound(function), inspect.signature(function)
        yield {
            "name": name,
            "parameters": list(signature.parameters),
            "returns": signature.return_annotation,
            "kernel": ", ".join(names_of(function, Settings(era.switches))),
            "function": f"{behaviour.__module__}.{behaviour.__qualname__}",
        }
