"""`python -m docs.mirrors LINUX`: what the docstrings say that they mirror, held against a source tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.mirrors import ROOT, defines, is_said_of, main, missing, release_of
from docs.source_map import Mirrored, mirrored

OPS = """
/* vfio_ap_gone() is told of, and called, but not here */
static int vfio_ap_declared(struct device *dev);
static struct vfio_ap_queue *
find_queue(int apqn)
{
	vfio_ap_called(apqn);
}
static void vfio_ap_mdev_remove(struct mdev_device *mdev,
				int flags)
{
}
static struct attribute *vfio_ap_mdev_attrs[] = {
};
#define get_update_locks(kvm) ({ \\
})
SYSCALL_DEFINE2(delete_module, const char __user *, name_user)
{
}
struct ap_matrix_mdev {
	bool kvm_busy;
};
"""


@pytest.mark.parametrize(
    "symbol",
    [
        *("find_queue", "vfio_ap_mdev_remove", "vfio_ap_mdev_attrs", "get_update_locks", "delete_module"),
        *("struct ap_matrix_mdev", "matrix_mdev->kvm_busy"),
    ],
)
def test_a_definition_is_found(symbol: str) -> None:
    assert defines(OPS, symbol)


@pytest.mark.parametrize(
    "symbol",
    [
        *("vfio_ap_gone", "vfio_ap_declared", "vfio_ap_called", "queue", "vfio_ap_mdev_rem"),
        *("struct mdev_device", "struct ap_matrix", "matrix_mdev->kvm"),
    ],
)
def test_what_is_told_of_declared_or_called_is_not_defined(symbol: str) -> None:
    assert not defines(OPS, symbol)


@pytest.mark.parametrize(
    ("version", "releases"),
    [
        ("6.12", ["6.12"]),
        ("6.12, 6.16", ["6.12", "6.16"]),
        ("5.3 to 5.15", ["5.3", "5.13", "5.15"]),
        ("before 6.0", ["4.20", "5.3", "5.13", "5.15"]),
        ("5.0 and v4", []),
        ("v4 series", []),
    ],
)
def test_what_is_said_of_releases(version: str, releases: list[str]) -> None:
    eras = ("4.20", "5.3", "5.13", "5.15", "6.0", "6.1", "6.12", "6.16")
    assert [era for era in eras if is_said_of(version, era)] == releases


@pytest.fixture
def linux(tmp_path: Path) -> Path:
    """A tree of Linux 6.12.117 with the two files of a small driver."""
    (tmp_path / "Makefile").write_text(
        "# SPDX-License-Identifier: GPL-2.0\nVERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 117\n"
    )
    (tmp_path / "ap").mkdir()
    (tmp_path / "ap" / "ops.c").write_text(OPS)
    (tmp_path / "ap" / "private.h").write_text("struct ap_matrix {\n};\n")
    return tmp_path


def test_what_the_named_file_does_not_define_is_told_with_the_file_that_does(linux: Path) -> None:
    here = ROOT / "aprt" / "here.py"
    said = [
        Mirrored("ap/ops.c", "find_queue", "6.12", here),
        Mirrored("ap/ops.c", "struct ap_matrix", "6.12", here),
        Mirrored("ap/private.h", "struct ap_matrix", "6.12", here),
        Mirrored("ap/ops.c", "vfio_ap_mdev_release", "5.3 to 5.13", here),
        Mirrored("ap/none.c", "vfio_ap_none", "6.0 to 6.16", here),
        Mirrored("QEMU hw/vfio/ap.c", "vfio_ap_realize", "6.12", here),
    ]
    assert [str(one) for one in missing(linux, release_of(linux), said)] == [
        "ap/ops.c: no struct ap_matrix; it is in ap/private.h   mirrored by aprt/here.py (6.12)",
        "ap/none.c: no vfio_ap_none   mirrored by aprt/here.py (6.0 to 6.16)",
    ]


def test_a_tree_without_the_driver_lacks_all_that_is_said_of_its_release(
    linux: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    looked_for = sum(is_said_of(one.version, "6.12") for one in mirrored(ROOT / "aprt"))
    assert looked_for > 200
    assert main([str(linux)]) == 1
    *lines, last = capsys.readouterr().out.splitlines()
    assert (len(lines), last) == (looked_for, f"6.12: {looked_for} looked for, {looked_for} not found")


def test_a_release_of_which_nothing_is_said_is_bad_input(linux: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([str(linux), "--release", "7.9"])
    assert stopped.value.code == 2
    told = capsys.readouterr().err
    assert "nothing is said of 7.9; --release 6.12 looks for what is said of that one" in told


def test_a_tree_that_does_not_say_its_release_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([str(tmp_path)])
    assert stopped.value.code == 2
    assert f"{tmp_path}/Makefile does not say which release this is; give --release 6.12" in capsys.readouterr().err
