"""No content of any file of a topology gives a traceback: a topology, or one line."""

import re
import shutil
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprt.core.errors import UserError
from aprt.vfio_ap.topology.files import load_topology
from aprt.vfio_ap.topology.topology import Topology
from tests.vfio_ap.three_guests import DEMO, MDEV1

FILES = sorted(str(path.relative_to(DEMO)) for path in DEMO.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One copy of the demo for a whole search; each example puts back what it changed."""
    return Path(shutil.copytree(DEMO, tmp_path_factory.mktemp("fuzz") / "three-guests"))


def outcome(root: Path, name: str, content: bytes) -> Topology | str:
    (root / name).write_bytes(content)
    try:
        return load_topology(root)
    except UserError as error:
        return str(error)
    finally:
        (root / name).write_bytes((DEMO / name).read_bytes())


def check_outcome(root: Path, result: Topology | str) -> None:
    if isinstance(result, Topology):
        owned = [apqn for mdev in result.mdevs for apqn in mdev.matrix.apqns()]
        assert len(set(owned)) == len(owned)
        assert {guest.mdev for guest in result.guests} <= {mdev.uuid for mdev in result.mdevs}
        return
    assert result.isprintable()
    assert re.match(re.escape(f"{root}/") + r"\S+: .+: .+; .+", result)
    assert len(result) < 2000


@given(name=st.sampled_from(FILES), content=st.binary(max_size=200))
def test_random_bytes_give_a_topology_or_one_line(scratch: Path, name: str, content: bytes) -> None:
    check_outcome(scratch, outcome(scratch, name, content))


PIECES = st.one_of(
    st.binary(max_size=4),
    st.sampled_from(
        [b'"', b"{", b"}", b"[", b"]", b"<", b"&a;", b"\x00", b"\n", b"0", b"9", b"-", b".", b"=", b"true"]
    ),
    st.sampled_from([b"<!DOCTYPE d [", b'"attrs": [', b"[[step]]", b"\xff", "\u0663".encode(), b"\\ud800", b"1e999"]),
)


@given(name=st.sampled_from(FILES), data=st.data())
def test_a_damaged_file_gives_a_topology_or_one_line(scratch: Path, name: str, data: st.DataObject) -> None:
    content = (DEMO / name).read_bytes()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(start + 20, len(content))))
    damaged = content[:start] + data.draw(PIECES) + content[end:]
    check_outcome(scratch, outcome(scratch, name, damaged))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=14), inner, max_size=3),
    max_leaves=8,
)
ATTRIBUTES = st.sampled_from(["assign_adapter", "assign_domain", "assign_control_domain"])
NUMBERS = st.one_of(st.integers(-1, 300).map(str), st.integers(0, 300).map(hex), st.text(max_size=3))
DEFINITIONS = st.fixed_dictionaries(
    {"mdev_type": st.just("vfio_ap-passthrough")},
    optional={
        "start": st.sampled_from(["auto", "manual"]) | JSON,
        "attrs": st.lists(st.dictionaries(ATTRIBUTES, NUMBERS)),
    },
)


@given(content=JSON | DEFINITIONS)
def test_json_of_any_shape_gives_a_topology_or_one_line(scratch: Path, content: object) -> None:
    check_outcome(scratch, outcome(scratch, MDEV1, msgspec.json.encode(content)))
