"""Call chains have the names of the kernel of the era, and no other: a reviewer looks them up in its source."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise

import pytest

from aprt.core.chain import without_helpers
from aprt.runtime.run import run
from tests.vfio_ap.releases import model

ERAS = ("4.20", "5.3", "5.12", "5.13", "5.15", "6.0", "6.2", "6.3", "6.6", "6.8", "6.12", "6.16", "2026")

SCENARIOS = {
    "4.20": ("rogue-close",),
    "5.3": ("rejoin", "rogue-close", "qemu-reset", "unbind"),
    "6.0": ("assign-absent", "qemu-reset", "rogue-close", "unbind", "unassign", "rejoin"),
}

# names that are not told in all eras, with the first and the last that is told of them
LIVES = {
    "driver_find_device": ("5.3", "5.15"),
    "get_update_locks_for_kvm": ("6.0", "2026"),
    "get_update_locks_for_mdev": ("6.0", "2026"),
    "kvm_vfio_destroy": ("4.20", "6.0"),
    "kvm_vfio_file_set_kvm": ("6.0", "2026"),
    "kvm_vfio_group_set_kvm": ("5.3", "5.15"),
    "kvm_vfio_release": ("6.2", "2026"),
    "kvm_arch_crypto_set_masks": ("5.3", "5.15"),
    "pqap_hook": ("5.15", "2026"),
    "pqap_hook->hook": ("5.3", "5.13"),
    "vfio_ap_find_queue": ("5.12", "2026"),
    "vfio_ap_get_queue": ("5.3", "5.15"),
    "vfio_ap_irq_disable_apqn": ("5.3", "5.3"),
    "vfio_ap_mdev_close_device": ("5.15", "5.15"),
    "vfio_ap_mdev_get_queue": ("6.0", "2026"),
    "vfio_ap_mdev_group_notifier": ("4.20", "5.15"),
    "vfio_ap_mdev_release": ("4.20", "5.13"),
    "vfio_ap_mdev_remove_queue": ("6.0", "2026"),
    "vfio_ap_mdev_reset_qlist": ("6.8", "2026"),
    "vfio_ap_mdev_unset_kvm": ("5.12", "2026"),
    "vfio_ap_mdev_update_guest_apcb": ("6.0", "2026"),
    "vfio_ap_queue_dev_remove": ("5.3", "5.15"),
    "vfio_device_group_close": ("6.2", "6.3"),
    "vfio_df_group_close": ("6.6", "2026"),
    "wait_event_cmd": ("5.13", "5.13"),
}


@cache
def told(era: str) -> frozenset[tuple[str, ...]]:
    """The call chains of some runs."""
    names = SCENARIOS.get(era) or SCENARIOS["5.3" if ERAS.index(era) < ERAS.index("6.0") else "6.0"]
    runs = (run(model(f"{era}/{name}").system, seed=seed, properties=()) for name in names for seed in range(6))
    return frozenset(tuple(without_helpers(event.chain)) for execution in runs for event in execution.events)


def eras_told(name: str) -> Iterator[str]:
    return (era for era in ERAS if any(name in chain for chain in told(era)))


@pytest.mark.parametrize("name", LIVES)
def test_a_function_is_told_in_the_eras_that_have_it(name: str) -> None:
    first, last = map(ERAS.index, LIVES[name])
    assert tuple(eras_told(name)) == ERAS[first : last + 1]


def test_in_5_3_the_notifier_writes_the_masks_and_release_cleans_up_by_itself() -> None:
    pairs = {pair for chain in told("5.3") for pair in pairwise(chain)}
    assert ("vfio_ap_mdev_group_notifier", "kvm_arch_crypto_set_masks") in pairs
    assert ("vfio_ap_mdev_release", "kvm_arch_crypto_clear_masks") in pairs
    assert ("vfio_ap_mdev_release", "kvm_put_kvm") in pairs


def test_in_5_13_vfio_ap_mdev_set_kvm_and_unset_kvm_write_the_masks() -> None:
    pairs = {pair for chain in told("5.13") for pair in pairwise(chain)}
    assert ("vfio_ap_mdev_set_kvm", "kvm_arch_crypto_set_masks") in pairs
    assert ("vfio_ap_mdev_unset_kvm", "kvm_arch_crypto_clear_masks") in pairs
