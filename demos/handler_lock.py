"""A patch for review: PQAP is handled under the driver's lock, in two versions."""

from aprt import patch
from aprt.kernel.held import held, reading
from aprt.vfio_ap.ap.response import Rc
from aprt.vfio_ap.host.aqic import Answer, Aqic
from aprt.vfio_ap.mainline import pqap
from aprt.vfio_ap.mainline.machine import Guest, Machine


async def lock_first(machine: Machine, guest: Guest, aqic: Aqic) -> Answer:
    async with held(machine.mdevs_lock):
        return await pqap.handle_pqap(machine, guest, aqic)


async def lock_inside(machine: Machine, guest: Guest, aqic: Aqic) -> Answer:
    async with reading(guest.hook_rwsem):
        hook = await guest.vm.read_hook()
        if hook is None:
            return Rc.Q_NOT_AVAIL
        await machine.mdev(hook).read_handler()
        async with held(machine.mdevs_lock):
            return await pqap.handle_hook(machine, guest, aqic)


V1 = patch("mdevs_lock around all of it", since="5.3", pqap=lock_first)
V2 = patch("mdevs_lock inside the hook's rwsem", since="5.3", pqap=lock_inside)
