"""Call chains: the names of functions, those of the kernel where a behaviour mirrors one."""

from __future__ import annotations

from aprt.core.chain import Place, await_chain, await_places, mirrors, without_helpers
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


async def twice() -> None:
    """Two doors.

    Its body begins below.
    """
    for _ in range(2):
        await choose(
            "door",
            1,
        )
    await release()


async def at_once() -> None: await choose("door", 1)  # fmt: skip


def test_a_place_counts_the_lines_of_the_body_and_helpers_have_none() -> None:
    behaviour = twice()
    places = []
    for _ in range(3):
        behaviour.send(None)
        places.append(await_places(behaviour))
    behaviour.close()
    at_the_door, at_the_end = Place("twice", 1, 6), Place("twice", 5, 6)
    assert places == [(at_the_door,), (at_the_door,), (at_the_end, Place("__fput", 0, 1))]
    assert str(at_the_end) == "twice+0x5/0x6"


def test_a_function_of_one_line_has_one() -> None:
    behaviour = at_once()
    behaviour.send(None)
    assert await_places(behaviour) == (Place("at_once", 0, 1),)
    behaviour.close()
