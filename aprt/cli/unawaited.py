"""A forgotten `await` in a user's file: told with its line, as without it nothing is done, and Python need not say so.

Where a call without `await` is thrown away, compared or tested, it must not give a message, a choice or a procedure:
nothing but awaiting makes sense of these. The same goes for a call whose result is kept in a variable to which nothing
else is done. To see what such a call gives, it is wrapped in another one when the file is read, as pytest does with
what a test asserts.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from types import CodeType, CoroutineType, MappingProxyType
from typing import Any, Final, TypeGuard, TypeVar, cast

from aprt.core.effects import Effect
from aprt.core.errors import UserError

T = TypeVar("T")

_NAME: Final = "__aprt_looked_at__"  # a name that does not end like this would be another one inside a class

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

# the same for what a variable holds: the places above, but for patterns, which may keep it under another name; and what
# is calculated or formatted with
_DEAD_ENDS: Final[Mapping[type[ast.AST], str]] = MappingProxyType(
    {kind: fields for kind, fields in _PLACES.items() if kind is not ast.Match}
    | {ast.BinOp: "left right", ast.AugAssign: "value", ast.FormattedValue: "value"}
)


def compiled(source: bytes, path: str) -> CodeType:
    """The code of a file, with looks at what it calls. Run it with `NAMES`. Raises: `SyntaxError`."""
    parsed = ast.parse(source, path)
    for assignment in {found for function in _functions(parsed) for found in _dead(function)}:
        assignment.value = _look(cast(ast.expr, assignment.value))
    tree: ast.Module = _Looking().visit(parsed)
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
"""What the code of a file needs besides the names of its own."""


def _functions(tree: ast.AST) -> Iterator[ast.AST]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _dead(function: ast.AST) -> Iterator[ast.Assign | ast.AnnAssign]:
    """The assignments to a variable from which nothing can be awaited: all that is done to it leads to a dead end."""
    alive = set[str]()
    for node in ast.walk(function):
        if isinstance(node, ast.Global | ast.Nonlocal):
            alive.update(node.names)
        ends = _DEAD_ENDS.get(type(node), "").split()
        for field, value in ast.iter_fields(node):
            among = value if isinstance(value, list) else [value]
            alive.update(name.id for name in among if _is_read(name) and field not in ends)
    for node in ast.walk(function):
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Call())
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Call())
            ) if name not in alive:
                yield node


def _is_read(node: object) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)


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
