"""Which local variables a suspended frame can still read: live-variable analysis of CPython bytecode.

The classical backward data flow (Aho et al., Compilers, 2nd ed., section 9.2.5), one equation per instruction:

    live before = reads | (live after - writes) | live before every handler that covers it
    live after  = union of live before, over all successors

An exception may come before the write took place, so what a handler reads is not taken away by it. The analysis
may only err by calling a dead variable live: an instruction that reads or writes locals in a way not listed here
makes every local live, and so does a function that looks its own variables up by name (`locals`, `eval`, ...).
Cell and free variables are not looked at: other functions read them, so they are always live.
"""

from __future__ import annotations

import dis
from collections.abc import Iterator, Mapping
from functools import cache
from types import CodeType

import attrs

# In what order an instruction reads (r) and writes (w) the locals it names; CPython 3.11 to 3.13.
_ACCESS: Mapping[str, str] = {
    "LOAD_FAST": "r",
    "LOAD_FAST_CHECK": "r",  # 3.12
    "LOAD_FAST_AND_CLEAR": "rw",  # 3.12: saves a name that an inlined comprehension reuses
    "LOAD_FAST_LOAD_FAST": "rr",  # 3.13
    "LOAD_CLOSURE": "r",  # 3.12 lists it among the locals; it names a cell
    "STORE_FAST": "w",
    "STORE_FAST_LOAD_FAST": "wr",  # 3.13
    "STORE_FAST_STORE_FAST": "ww",  # 3.13
    "DELETE_FAST": "rw",  # raises when unbound, so it reads whether there is a value
}
_NEVER_FALL_THROUGH = frozenset(
    {"JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT", "RETURN_VALUE", "RETURN_CONST"}
    | {"RAISE_VARARGS", "RERAISE"}
)
_ON_LOCALS = frozenset(dis.haslocal)
_JUMPS = frozenset({*dis.hasjrel, *dis.hasjabs})
_BY_NAME = frozenset({"locals", "vars", "dir", "eval", "exec"})


@attrs.define
class _Node:
    """An instruction: what it does with locals, as bits, and where control goes, by offset."""

    reads: int
    writes: int
    successors: tuple[int, ...]
    handlers: tuple[int, ...]
    before: int = 0
    after: int = 0


@cache
def live_locals(code: CodeType) -> Mapping[int, frozenset[str]]:
    """For each instruction, by offset: the locals that may be read once it is done.

    For a frame suspended at `f_lasti` the entry of that offset is what its future can read, cells excepted.
    """
    nodes = _flow_graph(code)
    if nodes is None or _BY_NAME.intersection(code.co_names):
        return dict.fromkeys(range(0, len(code.co_code), 2), frozenset(code.co_varnames))
    changed = True
    while changed:
        changed = False
        for node in reversed(nodes.values()):
            after = caught = 0
            for offset in node.successors:
                after |= nodes[offset].before
            for offset in node.handlers:
                caught |= nodes[offset].before
            before = node.reads | (after & ~node.writes) | caught
            changed |= before != node.before
            node.before, node.after = before, after
    names = {live: _names(code, live) for live in {node.after for node in nodes.values()}}
    return {offset: names[node.after] for offset, node in nodes.items()}


def _names(code: CodeType, live: int) -> frozenset[str]:
    return frozenset(name for i, name in enumerate(code.co_varnames) if live >> i & 1)


def _flow_graph(code: CodeType) -> dict[int, _Node] | None:
    """The instructions by offset, in order; None when one of them is not understood."""
    bytecode = dis.Bytecode(code)
    instructions = list(bytecode)
    handlers = [(entry.start, entry.end, entry.target) for entry in bytecode.exception_entries]  # type: ignore[attr-defined]  # not in typeshed
    bits = {name: 1 << i for i, name in enumerate(code.co_varnames)}
    nodes = {}
    for i, instruction in enumerate(instructions):
        access = _access(instruction, bits)
        if access is None:
            return None
        following = instructions[i + 1].offset if i + 1 < len(instructions) else None
        covering = tuple([target for start, end, target in handlers if start <= instruction.offset < end])
        successors = tuple(_successors(instruction, following))
        nodes[instruction.offset] = _Node(*access, successors, covering)
    return nodes


def _successors(instruction: dis.Instruction, following: int | None) -> Iterator[int]:
    if instruction.opcode in _JUMPS:
        yield instruction.argval
    if following is not None and instruction.opname not in _NEVER_FALL_THROUGH:
        yield following


def _access(instruction: dis.Instruction, bits: Mapping[str, int]) -> tuple[int, int] | None:
    """The locals whose earlier value an instruction reads, and those it overwrites; None when unknown."""
    if instruction.opcode not in _ON_LOCALS:
        return 0, 0
    order = _ACCESS.get(instruction.opname)
    names = instruction.argval if isinstance(instruction.argval, tuple) else (instruction.argval,)
    if order is None:
        return None
    if len(names) == 1:
        names *= len(order)
    reads = writes = 0
    for how, name in zip(order, names, strict=True):
        bit = bits.get(name, 0)  # the name of a cell is none of a local
        if how == "w":
            writes |= bit
        else:
            reads |= bit & ~writes
    return reads, writes
