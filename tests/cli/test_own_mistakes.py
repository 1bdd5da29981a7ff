"""Code in a user's own file that does what it must not, or returns what it may not, is told by its place."""

from pathlib import Path

import attrs
import pytest

from aprt.core.errors import UserError
from aprt.core.scenario import Settings
from aprt.core.switch import Switch, patch
from tests.cli.own_files import aprt

pytestmark = pytest.mark.usefixtures("in_the_root")


@pytest.mark.parametrize(
    "command", ["explore 2026/unbind", "run 2026/unbind", "explore 2026/unbind 2026/unassign-unbound --jobs 2"]
)
def test_a_patch_that_goes_on_without_a_step_is_told_with_its_place(command: str, tmp_path: Path) -> None:
    file = tmp_path / "spins.py"
    file.write_text(
        "from aprt import patch\n"
        "from copy import deepcopy\n"
        "def spin():\n"
        "    while True: deepcopy(['x'] * 99)\n"
        "async def remove(machine, queue):\n"
        "    spin()\n"
        "V1 = patch('goes round', since='5.3', remove=remove)\n"
    )
    result = aprt(*command.split(), "--with", f"{file}:V1")
    assert result.exit_code == 2
    told = result.stderr.splitlines()[-1]
    which = f"2026/unbind+{file}:V1: " if "--jobs" in command else ""
    assert told == f"aprt: {which}spin() at {file}:4 takes no step: it goes on and on, and awaits nothing"


WRONG = """
import asyncio, sys, trio
from aprt import choose, patch
turn = iter(range(99))

async def pqap(machine, guest, aqic):
    {0}

V1 = patch("goes wrong", since="5.3", pqap=pqap)
"""


@pytest.mark.parametrize("command", ["explore", "run"])
@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("sys.exit(5)", "SystemExit: 5"),
        ("await trio.sleep(1)", "awaits trio.sleep(), which is no effect of aprt"),
        ("await asyncio.sleep(1)", "awaits asyncio.sleep(), which is no effect of aprt"),
        ("await asyncio.sleep(0)", "awaits asyncio.sleep(), which is no effect of aprt"),
        ("guest.vm.put()", "an await is missing: pqap() does not send vm0.put"),
        ("choose('way', 'left')", "an await is missing: pqap() does not send choose way"),
        ("machine.ops.open(machine, guest)", "an await is missing: pqap() does not run vfio_group_fops_unl_ioctl()"),
        ("if guest.vm.read_hook() is None: pass", "an await is missing: pqap() does not send vm0.read_hook"),
        ("if guest.vm.read_hook(): pass", "an await is missing: pqap() does not send vm0.read_hook"),
        ("while not guest.vm.read_hook(): pass", "an await is missing: pqap() does not send vm0.read_hook"),
        ("1 if None != guest.vm.read_hook() else 2", "an await is missing: pqap() does not send vm0.read_hook"),
        ("guest.vm.read_hook() or False", "an await is missing: pqap() does not send vm0.read_hook"),
        ("assert guest.vm.read_hook()", "an await is missing: pqap() does not send vm0.read_hook"),
        ("kept = guest.vm.read_hook()", "an await is missing: pqap() does not send vm0.read_hook"),
        ("kept = guest.vm.read_hook(); kept is None", "an await is missing: pqap() does not send vm0.read_hook"),
        (
            "kept: object = guest.vm.read_hook(); kept is None",
            "an await is missing: pqap() does not send vm0.read_hook",
        ),
        ("kept = guest.vm.read_hook(); f'{kept}'", "an await is missing: pqap() does not send vm0.read_hook"),
        (
            "kept = machine.ops.open(machine, guest); kept + 1 if kept else 2",
            "an await is missing: pqap() does not run vfio_group_fops_unl_ioctl()",
        ),
    ],
)
def test_what_a_patch_must_not_do_is_told_by_its_line(command: str, line: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.py"
    file.write_text(WRONG.format(line))
    result = aprt(command, "2026/unbind", "--with", f"{file}:V1")
    assert (result.exit_code, result.stderr) == (2, f"aprt: {file}: line 7: {told}\n")


def test_a_patch_that_goes_another_way_when_it_is_run_again_is_told(tmp_path: Path) -> None:
    file = tmp_path / "erratic.py"
    file.write_text(WRONG.format("await (guest.vm.read_hook() if next(turn) else guest.vm.put())"))
    result = aprt("explore", "2026/unbind", "--with", f"{file}:V1")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.endswith(  # other files of this process may be named before
        f"{file}: vm0.vcpu0 is not deterministic: after vm0.process.fdget it awaits vm0.put(), another time "
        "vm0.read_hook()\n"
    )


def test_what_is_awaited_somewhere_else_is_not_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "later.py"
    file.write_text(
        WRONG.format(
            "first = guest.vm.read_hook()\n"
            "    await (None or first)\n"
            "    kept = again = guest.vm.read_hook()\n"
            "    second = guest.vm.read_hook() if kept is again else None\n"
            "    if second is not None: await second\n"
            "    await (str() or guest.vm.read_hook())\n"
            "    return 'EOPNOTSUPP' if (await guest.vm.read_hook()) is not None or str() else 'EOPNOTSUPP'"
        )
    )
    assert aprt("explore", "2026/unbind", "--with", f"{file}:V1", "--property", "P9").exit_code == 0


RAISING = """from aprt import patch
from aprt.core.scenario import Scenario

def of_no_use(aqic):
    return aqic.nothing

async def raises(machine, guest, aqic):
    await guest.vm.read_hook()
    return of_no_use(aqic)

async def returns_1(machine, guest, aqic):
    await guest.vm.read_hook()
    return 1

async def returns_nothing(machine, guest):
    await guest.vm.read_hook()

async def returns_text(machine, guest):
    return "done"

async def returns_unawaited(machine, guest):
    return returns_text(machine, guest)

def builds_nothing(settings):
    return 1 / 0

RAISES = patch("raises", pqap=raises)
WRONG = patch("returns 1", pqap=returns_1)
NOTHING = patch("returns nothing", open=returns_nothing)
TEXT = patch("returns text", release=returns_text)
UNAWAITED = patch("awaits nothing", release=returns_unawaited)
NONE = Scenario("none", "", "", (), builds_nothing)
"""


@pytest.mark.parametrize("command", [("explore",), ("run",), ("explore", "--jobs", "2", "--strategy", "states")])
def test_code_of_a_file_that_raises_is_told_by_file_and_line(command: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "raising.py"
    file.write_text(RAISING)
    result = aprt(*command, "2026/unbind", "--with", f"{file}:RAISES")
    wanted = f"aprt: {file}: line 5: AttributeError: 'Aqic' object has no attribute 'nothing'"
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (2, wanted)
    built = aprt(*command, f"2026/{file}:NONE")
    assert (built.exit_code, built.stderr) == (2, f"aprt: {file}: line 25: ZeroDivisionError: division by zero\n")


@pytest.mark.parametrize(
    ("scenario", "patch", "line"),
    [
        ("unbind", "WRONG", "pqap returned 1; it is to return Rc or 'EOPNOTSUPP'"),
        ("open-while-ending", "NOTHING", "open returned None; it is to return int"),
        ("rogue-close", "TEXT", "release returned 'done'; it is to return nothing"),
        ("rogue-close", "UNAWAITED", "release returned what returns_text() is to do, not done: an await is missing"),
    ],
)
@pytest.mark.parametrize("command", [("explore",), ("run",)])
def test_a_patch_that_returns_what_the_driver_does_not_is_told_by_its_name(
    command: tuple[str, ...], scenario: str, patch: str, line: str, tmp_path: Path
) -> None:
    file = tmp_path / "raising.py"
    file.write_text(RAISING)
    result = aprt(*command, f"2026/{scenario}", "--with", f"{file}:{patch}")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (2, f"aprt: {file}:{patch}: {line}")
    assert "Warning" not in result.stderr


@attrs.frozen
class Table:
    first: object = "as it was"
    second: object = "as it was"


def test_a_table_keeps_what_no_patch_in_force_replaces() -> None:
    new: Switch = patch("another first", first=print)
    settings = Settings((new,))
    assert settings.patched(Table()) == Table()
    assert settings.set("patch", "in").patched(Table()) == Table(print, "as it was")
    with pytest.raises(UserError, match="replaces 'none', which the driver does not have \\(known: first, second\\)"):
        Settings((patch("a third", none=print),)).set("patch", "in").patched(Table())
