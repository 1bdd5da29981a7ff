"""gisc: a guest ISC gets or loses a user, and alerts for it are armed or not.

Mirrors: arch/s390/kvm/interrupt.c: kvm_s390_gisc_register(), kvm_s390_gisc_unregister().
"""

from __future__ import annotations

import attrs

from aprt.core.chain import mirrors
from aprt.kernel.held import held
from aprt.vfio_ap.ap.response import Errno
from aprt.vfio_ap.kvm.gib import GAL_ISC
from aprt.vfio_ap.kvm.gisa import MAX_ISC
from aprt.vfio_ap.kvm.gisa_int import GisaParts


@mirrors("kvm_s390_gisc_register")
async def gisc_register(parts: GisaParts, isc: int) -> int:
    """Arm alerts for a guest ISC. The host's ISC, -ENODEV (no GISA) or -ERANGE. Lock: takes ref_lock.

    In the alert list IAM cannot be set; it is restored when the GISA has left it.
    """
    refused = await _refusal(parts, isc)
    if refused:
        return refused
    async with held(parts.ref_lock):
        mask = await parts.interrupt.register(isc)
        if mask is not None:
            await _set_iam(parts, mask)
    return GAL_ISC


@mirrors("kvm_s390_gisc_unregister")
async def gisc_unregister(parts: GisaParts, isc: int) -> int:
    """The reverse. 0, -ENODEV, -ERANGE, or -EINVAL when nobody is registered. Lock: takes ref_lock."""
    refused = await _refusal(parts, isc)
    if refused:
        return refused
    async with held(parts.ref_lock):
        result, mask = await parts.interrupt.unregister(isc)
        if mask is not None and not parts.rules.iam_left_armed:
            await _set_iam(parts, mask)
    return result


async def _refusal(parts: GisaParts, isc: int) -> int:
    if await parts.interrupt.read_origin() is None:
        return Errno.ENODEV.failure
    return 0 if 0 <= isc <= MAX_ISC else Errno.ERANGE.failure


async def _set_iam(parts: GisaParts, iam: int) -> int:
    if parts.rules.read_once:
        return await parts.gisa.set_iam(iam)
    word = await parts.gisa.read_word()
    if word.next_alert != parts.gisa.name:
        return Errno.EBUSY.failure
    await parts.gisa.store_word(attrs.evolve(word, iam=iam))
    return 0
