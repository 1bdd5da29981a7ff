"""Which lines of a behaviour an answer decides about: whether they are reached depends on what a message was answered.

All other conditions are about how a scenario is set up, or what its guest runs, and come out alike in every execution.
Which kind decides about a line can be read in the text of the function: it is the condition of the statement around
the line, and those of the statements before it in its block, which may leave the block or wait for ever. Whatever is
awaited is an answer, and so is what is computed from one.
"""

from __future__ import annotations

import ast
import linecache
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import CodeType
from typing import Final

_WAITS: Final = (ast.Await, ast.AsyncWith, ast.AsyncFor)


@cache
def decided_by_answers(code: CodeType) -> Mapping[int, bool]:
    """By number of the line on which a statement begins."""
    function = _parsed(code)
    if function is None:
        return {}
    known = _answers(function)
    return dict(_decided(function.body, decided=False, known=known))


def _parsed(code: CodeType) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The function, with the line numbers of its file; None where its text is not at hand."""
    lines, first = linecache.getlines(code.co_filename), code.co_firstlineno - 1
    for end in _ends(lines, first):
        try:
            tree = ast.parse(textwrap.dedent("".join(lines[first:end])))
        except SyntaxError:  # it goes on: this was inside parentheses, or a string
            continue
        ast.increment_lineno(tree, first)
        function = tree.body[0] if tree.body else None
        return function if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) else None
    return None


def _ends(lines: Sequence[str], first: int) -> Iterator[int]:
    """Behind which lines the function may end that begins with line `first`: before what is indented no more than it.

    Cut short anywhere else, it cannot be parsed.
    """
    if first >= len(lines):
        return
    indented = _indentation(lines[first])
    for number in range(first + 1, len(lines)):
        text = lines[number].strip()
        if text and not text.startswith("#") and _indentation(lines[number]) <= indented:
            yield number
    yield len(lines)


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def _answers(function: ast.AST) -> frozenset[str]:
    """The names of variables that hold answers, or what is made of them."""
    known: set[str] = set()
    assigned = list(_assigned(function))
    while more := {name for to, value in assigned if _asks(value, known) for name in _names(to)} - known:
        known |= more
    return frozenset(known)


def _assigned(function: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """What is assigned where: targets, and values."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            yield from ((target, node.value) for target in node.targets)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and node.value is not None:
            yield node.target, node.value
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            yield node.target, node.iter
        elif isinstance(node, ast.Match):
            yield from ((case.pattern, node.subject) for case in node.cases)


def _names(target: ast.AST) -> Iterator[str]:
    for node in ast.walk(target):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name is not None:
            yield node.name


def _asks(value: ast.AST, known: set[str] | frozenset[str]) -> bool:
    return any(
        isinstance(node, ast.Await) or (isinstance(node, ast.Name) and node.id in known) for node in ast.walk(value)
    )


def _decided(body: list[ast.stmt], decided: bool, known: frozenset[str]) -> Iterator[tuple[int, bool]]:
    """For each statement of a block, and those in it. decided: whether an answer decides about the block."""
    for statement in body:
        yield statement.lineno, decided
        test = _test(statement)
        within = decided if test is None else _asks(test, known)
        for number, block in _blocks(statement):
            yield number, within
            yield from _decided(block, within, known)
        # the next statement is reached if this one neither leaves the block nor waits for ever
        decided = any(isinstance(node, _WAITS) for node in ast.walk(statement)) if test is None else within


def _test(statement: ast.stmt) -> ast.expr | None:
    if isinstance(statement, ast.If | ast.While):
        return statement.test
    if isinstance(statement, ast.For | ast.AsyncFor):
        return statement.iter
    return statement.subject if isinstance(statement, ast.Match) else None


def _blocks(statement: ast.stmt) -> Iterator[tuple[int, list[ast.stmt]]]:
    """The blocks of a statement, each with the number of the line that leads into it."""
    for name in ("body", "orelse", "finalbody"):
        block = getattr(statement, name, None)
        if isinstance(block, list) and block:
            yield block[0].lineno, block
    for handler in getattr(statement, "handlers", ()):
        yield handler.lineno, handler.body
    for case in getattr(statement, "cases", ()):
        yield case.pattern.lineno, case.body
