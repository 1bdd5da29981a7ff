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


@mirrors(None)
async def _part_of_its_caller() -> None:
    await _helper()


@mirrors(lambda device, *_: f"{device}_open")
async def open_device(device: str, flags: int, quick: bool = False) -> None:
    await _part_of_its_caller()


def test_a_part_of_its_caller_is_not_told_and_a_name_may_depend_on_the_arguments() -> None:
    for device in ("vfio", "kvm"):
        behaviour = open_device(device, 0, quick=True)
        behaviour.send(None)
        assert await_chain(behaviour) == (f"{device}_open", "_part_of_its_caller", "_helper")
        assert without_helpers(await_chain(behaviour)) == [f"{device}_open"]
        behaviour.close()
