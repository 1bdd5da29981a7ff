"""Tables: the values of a running system to rich renderables, one kind of table a file.

A builder (`queues(system)`) looks for the actors it knows by their class and answers None when there are none, so
that any system has tables: at least contexts, mailboxes and the last steps.
"""

from aprt.core.system import System
from aprt.view.tables.contexts import Contexts
from aprt.view.tables.gisas import gib, gisas
from aprt.view.tables.guests import vcpus, vms
from aprt.view.tables.kinds import Kind
from aprt.view.tables.locks import Locks
from aprt.view.tables.log import Log
from aprt.view.tables.mailboxes import Mailboxes
from aprt.view.tables.mdevs import bus, driver, mdevs
from aprt.view.tables.others import others
from aprt.view.tables.queues import queues


def tables_of(system: System) -> tuple[Kind, ...]:
    """The tables of a system, in the order in which they are shown; every actor is in one of them."""
    builders = (queues, gisas, vms, mdevs, gib, vcpus, driver, bus, Locks.of)
    known: list[Kind] = [kind for builder in builders if (kind := builder(system)) is not None]
    rest = others(system, known)
    return Contexts(system.contexts), *known, *([rest] if rest else []), Mailboxes(), Log()
