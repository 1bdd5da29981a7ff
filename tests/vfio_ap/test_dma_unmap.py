"""User space unmaps guest memory: the page with the NIB alone, as part of a range, or another one."""

from __future__ import annotations

import pytest
from pyrsistent import pmap, pset

from aprt.vfio_ap.ap.queue_state import ApQueueState, Target
from aprt.vfio_ap.host.dma_unmap import ROUNDS, dma_unmap
from aprt.vfio_ap.memory import MemoryState
from aprt.vfio_ap.series.vfio_ap_queue import Saved, VfioApQueueState
from tests.vfio_ap.machines import broken, enabled

SAVED = Saved("vm0", 3, 0x3F00)


def test_an_unmap_of_the_nibs_page_alone_is_over_after_one_callback() -> None:
    bench = enabled()
    bench.run(dma_unmap(bench.machine, bench.guest, 3, 1))
    assert bench.operations == ["vm0.memory.unmap", "vm0.memory.unpin", "vm0.memory.unmap"]
    assert bench[bench.guest.memory] == MemoryState(pset([4]))
    # ... and the interrupt stays on, with its record
    assert bench[bench.queue.hw].irq == Target("vm0", 0x3F00, "vm0.gisa", 3, 5)
    assert bench[bench.queue.object].saved == SAVED


def test_an_unmap_of_a_range_that_begins_before_the_page_stops_the_host_after_eleven_rounds() -> None:
    bench = enabled()
    bench.run(dma_unmap(bench.machine, bench.guest, 2, 2))
    rounds = ["vm0.memory.unmap", "vm0.memory.unpin"] * ROUNDS
    assert bench.operations == [*rounds, "vm0.memory.unmap", "vm0.memory.bug"]
    assert (ROUNDS, bench.ending, bench[bench.guest.memory].pins) == (11, "oops", pmap({3: 1}))


def test_a_page_that_the_last_callback_unpins_stops_nobody() -> None:
    bench = enabled()
    bench[bench.guest.memory] = MemoryState(pset([3, 4]), pmap({3: ROUNDS}))
    bench.run(dma_unmap(bench.machine, bench.guest, 3, 1))
    assert (bench.ending, bench[bench.guest.memory]) == ("end", MemoryState(pset([4])))


@pytest.mark.parametrize(("first", "pages"), [(3, 1), (2, 2), (0, 16)])
def test_unmap_disables_gives_the_page_back_wherever_it_lies_in_the_range(first: int, pages: int) -> None:
    bench = enabled("unmap_disables", "wait_reset")
    bench.run(dma_unmap(bench.machine, bench.guest, first, pages))
    assert bench[bench.guest.memory].pins == pmap()
    assert bench[bench.queue.hw] == ApQueueState()
    assert bench[bench.queue.object] == VfioApQueueState(True, 1, None, "mdev0")


def test_an_unmap_elsewhere_calls_nobody() -> None:
    bench = enabled()
    bench.run(dma_unmap(bench.machine, bench.guest, 4, 1))
    assert bench.operations == ["vm0.memory.unmap"]
    assert bench[bench.guest.memory] == MemoryState(pset([3]), pmap({3: 1}))


def test_the_series_breaks_p8_and_p10_by_an_unmap_and_disabling_first_keeps_both() -> None:
    assert broken("h14", "P8", "P10") == {"P8", "P10"}
    assert broken("h14+unmap_disables+wait_reset", "P8", "P10") == set()
    # a disable that is accepted is not waited for, one that meets the pending enable gives up eleven times
    assert broken("h14+unmap_disables", "P8", "P10") == {"P8", "P10"}
