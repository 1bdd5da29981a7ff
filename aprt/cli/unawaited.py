"""A forgotten `await` in a user's file: told at the line, as without it nothing is done, and Python need not say so.

What is called there without `await` and then thrown away, compared or tested must be no message, no choice and no
procedure: nobody would do that to what is to be awaited. To look, such a call is put into another one when the file is
read, as pytest does with what a test asserts.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from types import CodeType, CoroutineType, MappingProxyType
from typing import Any, Final, TypeVar

from aprt.core.effects import Effect
from aprt.core.errors import UserError

T = TypeVar("T")

_NAME: Final = "__aprt_looked_at__"  # ends like this so that it has this name in a class, too

# by kind of node, the fields with what is thrown away, compared or tested
_PLACES: Final[Mapping[type[ast.AST], str]] = MappingProxyType(
    {
        ast.Expr: "value",
        ast.Compare: "left comparators",
        ast.If: "test",
        ast.While: "test",
        ast.IfExp: "test",
        ast.Assert: "test",
        ast.UnaryOp: "operand",
        ast.Match: "subject",
    }
)


def compiled(source: bytes, path: str) -> CodeType:
    """The code of a file, with looks at what it calls. Run it with `NAMES`. Raises: `SyntaxError`."""
    tree: ast.Module = _Looking().visit(ast.parse(source, path))
    return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)


def looked_at(value: T) -> T:
    """The value. Raises: `UserError` where an `await` is missing before it."""
    if isinstance(value, Effect | CoroutineType):
        frame = sys._getframe(1)
        where = f"{frame.f_code.co_filename}: line {frame.f_lineno}: an await is missing"
        function = frame.f_code.co_name
        if isinstance(value, Effect):
            raise UserError(f"{where}: {function}() does not send {value}")
        value.close()
        raise UserError(f"{where}: {function}() does not run {value.__name__}()")
    return value


NAMES: Final[Mapping[str, Any]] = MappingProxyType({_NAME: looked_at})
"""What the code of a file needs beside the names of its own."""


class _Looking(ast.NodeTransformer):
    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for field in _PLACES.get(type(node), "").split():
            found = getattr(node, field)
            setattr(node, field, list(map(_look, found)) if isinstance(found, list) else _look(found))
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        *tested, last = node.values  # which may be awaited
        node.values = [*map(_look, tested), last]
        return node


def _look(value: ast.expr) -> ast.expr:
    if not isinstance(value, ast.Call):
        return value
    return ast.copy_location(ast.Call(ast.Name(_NAME, ast.Load()), [value], []), value)
