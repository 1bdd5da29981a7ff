"""What guests run in scenarios, by name: the values of the parameter `guest`."""

from __future__ import annotations

from aprt.vfio_ap.ap.apqn import Apqn
from aprt.vfio_ap.host.aqic import Aqic
from aprt.vfio_ap.host.guest_code import Confirm, Dqap, Insist, Instruction, Nqap, Reset, Wait

FIRST_NIB, SECOND_NIB = 0x3F00, 0x4F00
FIRST_ISC, SECOND_ISC = 3, 4


def program(name: str, apqn: Apqn) -> tuple[Instruction, ...]:
    """The instructions of the program `name` for one queue."""
    enable = Aqic(apqn, True, FIRST_ISC, FIRST_NIB)
    again = Aqic(apqn, True, SECOND_ISC, SECOND_NIB)
    programs: dict[str, tuple[Instruction, ...]] = {
        "enable": (enable,),
        "reset_insist": (Reset(apqn, "RAPQ", polls=False), Insist(enable)),
        "disable": (Aqic(apqn, False),),
        "enable_disable": (enable, Aqic(apqn, False)),
        "enable_idle": (enable, Wait()),
        "enable_zero": (Aqic(apqn, True, FIRST_ISC, 0),),
        "enable_reset": (enable, Reset(apqn, "RAPQ", polls=False)),
        "enable_use": (enable, Nqap(apqn)),
        "enable_wait": (enable, Confirm(apqn), Nqap(apqn), Wait(), Dqap(apqn)),
        "use": (Nqap(apqn),),
        "use_reset": (Nqap(apqn), Reset(apqn, "RAPQ", polls=False)),
        "reenable": (enable, Reset(apqn, "RAPQ"), again),
        "reenable_busy": (enable, Reset(apqn, "RAPQ", polls=False), again),
    }
    return programs[name]
