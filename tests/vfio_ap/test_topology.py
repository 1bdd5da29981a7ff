"""Reading topologies: what the demo says, what every step is, and what missing files mean."""

import shutil
from pathlib import Path

import pytest

from aprt.core.errors import ModelError
from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.ap.masks import ALL
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.topology.files import load_topology
from aprt.vfio_ap.topology.topology import (
    Action,
    Assignment,
    Bind,
    Boot,
    Disable,
    Enable,
    GuestDefinition,
    Host,
    Kill,
    MdevDefinition,
    Request,
    Reset,
    Script,
    Topology,
    Unbind,
)
from tests.vfio_ap.three_guests import BUS, DEMO, UUID1, UUID2, UUID3


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the demo, to be damaged."""
    return Path(shutil.copytree(DEMO, tmp_path / "three-guests"))


def adapters(*numbers: int) -> tuple[Assignment, ...]:
    return tuple(Assignment("assign_adapter", n) for n in numbers)


def domains(*numbers: int) -> tuple[Assignment, ...]:
    return tuple(Assignment("assign_domain", n) for n in numbers)


THREE_GUESTS = Topology(
    host=Host(
        config=Matrix.of([4, 5, 6], [4, 0x16, 0x47, 0xAB, 0xFF], [4, 0x16, 0x47, 0xAB, 0xFF]),
        reserved=Matrix.of(ALL - {5, 6}, ALL - {4, 0x47, 0xAB, 0xFF}),
        max_adapter=63,
        max_domain=255,
    ),
    mdevs=(
        MdevDefinition(UUID1, "auto", adapters(5, 6) + domains(4, 0xAB)),
        MdevDefinition(UUID2, "manual", adapters(5) + domains(0x47, 0xFF)),
        MdevDefinition(UUID3, "manual", adapters(6) + domains(0x47, 0xFF)),
    ),
    guests=(
        GuestDefinition("Guest1", UUID1, vcpus=2),
        GuestDefinition("Guest2", UUID2, vcpus=1),
        GuestDefinition("Guest3", UUID3, vcpus=1),
    ),
    script=Script(
        steps=(
            Boot("Guest1"),
            Boot("Guest2"),
            Boot("Guest3"),
            Enable("Guest1", Apqn(5, 4)),
            Enable("Guest1", Apqn(6, 0xAB)),
            Enable("Guest2", Apqn(5, 0x47)),
            Enable("Guest3", Apqn(6, 0xFF)),
            Request("Guest1", Apqn(5, 4), count=2),
            Request("Guest1", Apqn(6, 0xAB)),
            Request("Guest2", Apqn(5, 0x47)),
            Request("Guest3", Apqn(6, 0xFF)),
            Kill("Guest2"),
            Unbind(Apqn(5, 0x47)),
        ),
        era="v4",
        put_in=("all-measures",),
        taken_out=(),
        order="sequence",
    ),
)


def test_the_demo_is_the_configuration_of_the_kernel_document() -> None:
    topology = load_topology(DEMO)
    assert topology == THREE_GUESTS
    assert hash(topology) == hash(THREE_GUESTS)
    names = "05.0004 05.0047 05.00ab 05.00ff 06.0004 06.0047 06.00ab 06.00ff"
    assert " ".join(map(str, topology.apqns())) == names


def test_one_queue_of_the_demo_stays_with_the_host() -> None:
    host = THREE_GUESTS.host
    assert len(host.queues()) == 15
    assert [str(queue) for queue in host.queues() if queue in host.reserved] == ["04.0016"]


def test_a_topology_knows_the_mdev_of_a_guest() -> None:
    assert THREE_GUESTS.mdev_of("Guest2").matrix == Matrix.of([5], [0x47, 0xFF])
    with pytest.raises(ModelError, match="the topology has no guest 'Guest4'"):
        THREE_GUESTS.mdev_of("Guest4")


def test_every_action_can_be_written(root: Path) -> None:
    guest, queue = 'guest = "Guest1"', 'queue = "05.0004"'
    written: dict[str, Action] = {
        f'do = "boot"\n{guest}': Boot("Guest1"),
        f'do = "enable"\n{guest}\n{queue}\nisc = 3\nvcpu = 1': Enable("Guest1", Apqn(5, 4), isc=3, vcpu=1),
        f'do = "request"\n{guest}\n{queue}\ncount = 7': Request("Guest1", Apqn(5, 4), count=7),
        f'do = "reset"\n{guest}\n{queue}': Reset("Guest1", Apqn(5, 4)),
        f'do = "disable"\n{guest}\n{queue}': Disable("Guest1", Apqn(5, 4)),
        f'do = "unbind"\n{queue}': Unbind(Apqn(5, 4)),
        f'do = "bind"\n{queue}': Bind(Apqn(5, 4)),
        f'do = "kill"\n{guest}': Kill("Guest1"),
    }
    head = 'era = "5.3"\nwith = ["a"]\nwithout = ["b", "c"]\norder = "any"\n'
    (root / "script.toml").write_text(head + "".join(f"[[step]]\n{step}\n" for step in written))
    assert load_topology(root).script == Script(tuple(written.values()), "5.3", ("a",), ("b", "c"), "any")


def test_without_the_files_of_sysfs_the_host_has_what_is_assigned_and_reserves_nothing(root: Path) -> None:
    shutil.rmtree(root / "sys")
    assert load_topology(root).host == Host(Matrix.of([5, 6], [4, 0x47, 0xAB, 0xFF]), Matrix(), 255, 255)


def test_a_missing_apmask_or_aqmask_is_all_ones_when_the_other_is_there(root: Path) -> None:
    (root / BUS / "aqmask").unlink()
    assert load_topology(root).host.reserved == Matrix.of(ALL - {5, 6}, ALL)


def test_a_mask_that_is_not_supported_counts_as_missing(root: Path) -> None:
    (root / BUS / "ap_control_domain_mask").write_text("not supported\n")
    assert load_topology(root).host.config.adm == Matrix().adm


def test_files_that_are_no_part_of_the_format_are_left_alone(root: Path) -> None:
    (root / BUS / "scans").write_bytes(b"\xff")
    (root / "guests" / "networks").mkdir()
    (root / "etc" / "mdevctl.d" / "0.0.0313").mkdir()
    assert load_topology(root) == THREE_GUESTS


def test_a_guest_runs_the_vcpus_it_starts_with_and_other_devices_are_passed_over(root: Path) -> None:
    xml = root / "guests" / "Guest1.xml"
    other = "<devices><hostdev type='mdev' model='vfio-ccw'/><hostdev type='pci'/>"
    text = xml.read_text().replace("<devices>", other).replace("'static'>2<", "'static' current='3'>8<")
    xml.write_text(text.replace(UUID1, UUID1.upper()))
    assert load_topology(root).guest("Guest1") == GuestDefinition("Guest1", UUID1, vcpus=3)
