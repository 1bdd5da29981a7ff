"""Call chains: the names of functions, those of the kernel where a behaviour mirrors one."""

from __future__ import annotations

from aprt.core.chain import await_chain, mirrors, without_helpers
from aprt.core.effects import choose


@mirrors("__fput")
async def release() -> None:
    await _helper()


async def _helper() -> None:
    await choose("door", 1)


def test_a_chain_has_the_kernels_names_and_is_told_without_helpers() -> None:
    behaviour = release()
    behaviour.send(None)
    assert await_chain(behaviour) == ("__fput", "_helper")
    assert without_helpers(("__aexit__", *await_chain(behaviour), "__aenter__")) == ["__fput"]
    behaviour.close()
    assert await_chain(behaviour) == ()
