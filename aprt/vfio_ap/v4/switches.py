"""The switches of era v4: measures, variants of what is not known of the series, assumptions, parameters, mutants."""

from __future__ import annotations

from types import MappingProxyType

from aprt.core.switch import FLAG, Switch
from aprt.vfio_ap.host.switches import ASSUMPTIONS, HOST_MUTANTS, HOST_PARAMETERS, REFUSED_ENABLE
from aprt.vfio_ap.kvm.gisa_switches import GISA_SWITCHES

MEASURES = (
    Switch("vm_ref", "measure", FLAG, "the mdev holds a VM reference from attach to the end of cleanup"),
    Switch("hook_lock", "measure", FLAG, "the hook goes first, under a lock that waits for running handlers"),
    Switch("clear_apcb", "measure", FLAG, "the APCB is cleared before the reset, however the series does it"),
    Switch("wait_reset", "measure", FLAG, "resets and interrupt changes are waited for, with the right end"),
    Switch("cleanup_everywhere", "measure", FLAG, "the same cleanup runs on SET_KVM(NULL) too"),
    Switch("one_mutex", "measure", FLAG, "cleanup runs under the same mutex as the handler"),
)

VARIANTS = (
    Switch("remove_lock", "variant", ("remove_locked", "remove_unlocked"), "queue removal under the matrix lock"),
    Switch("handler_lock", "variant", ("handler_locked", "handler_unlocked"), "PQAP handler under the matrix lock"),
    Switch("hook_order", "variant", ("hook_after_check", "hook_before_check"), "SET_KVM: test first or hook first"),
    Switch("reenable", "variant", ("new_before_old", "naive_reenable"), "release the old pair, or overwrite it"),
    REFUSED_ENABLE,
    Switch("clear_retries", "variant", ("0", "5"), "retries of AQIC(disable) answered 02 or 05"),
    Switch("assign_errno", "variant", ("EADDRNOTAVAIL", "EADDRINUSE"), "answer when a queue is not on the free list"),
    Switch("kvm_test", "variant", ("kvm_test_unlocked", "kvm_test_locked"), "the -EBUSY test of assign and unassign"),
    Switch("unmap", "variant", ("unmap_unpins", "unmap_disables"), "DMA unmap: unpin one page, or disable first"),
    Switch("probe", "variant", ("probe_free_list", "probe_links"), "a new queue: free list, or the mdev that has it"),
    Switch("release_masks", "variant", ("masks_first", "masks_last"), "release clears the APCB, then resets; or after"),
    Switch("reset_check", "variant", ("no_check", "check_accepted"), "release waits for a ZAPQ that was accepted"),
    Switch("module_owner", "variant", ("no_owner", "hook_owner"), "the hook takes a module reference (v6)"),
)

PARAMETERS = (
    *HOST_PARAMETERS,
    Switch("probe_enomem", "parameter", FLAG, "the allocation in probe may fail"),
)

MASKS_LOCK = (
    "masks_locked",
    "masks_unlocked",
    "masks_locked_twice",
    "masks_unlocked_twice",
    "masks_in_spinlock",
    "masks_locks_crossed",
)

MUTANTS = (
    Switch("assign_twice", "mutant", FLAG, "assigning an adapter again inserts its queues again (P14)"),
    *HOST_MUTANTS,
    Switch("free_before_reset", "mutant", FLAG, "a cleanup frees the records first and resets then (P12, P35)"),
    Switch("keep_irq_record", "mutant", FLAG, "what the records own is released, the records stay (P7, P34)"),
    Switch("put_early", "mutant", FLAG, "release drops the VM reference under the matrix lock, before all else (P21)"),
    Switch("put_twice", "mutant", FLAG, "release drops the VM reference of the mdev twice (K3)"),
    Switch("masks_lock", "mutant", MASKS_LOCK, "how a cleanup takes kvm->lock (P22, K1, K2, P23, P20)"),
    *GISA_SWITCHES,
)

SWITCHES = (*MEASURES, *VARIANTS, *ASSUMPTIONS, *PARAMETERS, *MUTANTS)
GROUPS = MappingProxyType({"all-measures": tuple(measure.name for measure in MEASURES)})
