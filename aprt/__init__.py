"""aprt runs, explores and explains the concurrency of the Linux s390 vfio-ap interrupt path.

What a program of one's own needs is exported here and imported when it is first used, so that `import aprt`
costs next to nothing. It says what there is (`Actor`, `handler`, `Context`, `System`) and what must hold (`always`,
`at_end`, `DEADLOCK`, `LOCK_ORDER`, `LOCK_RELEASE`, or all `RULES` of locks). Then `explore` tries all orders of the
steps, `run` runs it live, `replay` repeats a schedule, `shrink` makes a failing one small, and `columns` prints it.

To read the source, begin with `core`, then `kernel`, whose actors are short; packages begin with a map. `vfio_ap` is
the interrupt path; `explore` and `runtime` are the two drivers, and `detect` watches either; `verdict` asks a question
and answers it; `museum` has bugs that the kernel had; `view` and `cli` tell people.

Numbers mean the same everywhere: P12 is a property and K2 a rule of locks (`aprt property show P12`), B17 a bug of the
museum and the switch of its fix (`aprt museum show B17`), H7 one of the ways in which the guarantee of the series fails
(`aprt scenario show v4/h7`).

Kernel release mirrored where a file tells none: 6.12.
"""

TYPE_CHECKING = False  # that of typing; nothing is imported before it is asked for, as `cli.leaving` says
if TYPE_CHECKING:
    from aprt.core.actor import BLOCK as BLOCK
    from aprt.core.actor import Actor as Actor
    from aprt.core.actor import Outcome as Outcome
    from aprt.core.actor import handler as handler
    from aprt.core.caller import Caller as Caller
    from aprt.core.effects import Call as Call
    from aprt.core.effects import choose as choose
    from aprt.core.errors import ModelError as ModelError
    from aprt.core.errors import UserError as UserError
    from aprt.core.execution import Execution as Execution
    from aprt.core.finding import Finding as Finding
    from aprt.core.notes import Broken as Broken
    from aprt.core.notes import Oops as Oops
    from aprt.core.properties import DEADLOCK as DEADLOCK
    from aprt.core.properties import HANG as HANG
    from aprt.core.properties import Property as Property
    from aprt.core.properties import always as always
    from aprt.core.properties import at_end as at_end
    from aprt.core.schedule import Schedule as Schedule
    from aprt.core.switch import patch as patch
    from aprt.core.symmetry import Alike as Alike
    from aprt.core.symmetry import Renaming as Renaming
    from aprt.core.system import Context as Context
    from aprt.core.system import System as System
    from aprt.core.system import View as View
    from aprt.explore.explore import explore as explore
    from aprt.explore.result import Bounds as Bounds
    from aprt.explore.result import Exploration as Exploration
    from aprt.kernel.mailbox import Mailbox as Mailbox
    from aprt.kernel.mutex import Mutex as Mutex
    from aprt.kernel.rules import LOCK_ORDER as LOCK_ORDER
    from aprt.kernel.rules import LOCK_RELEASE as LOCK_RELEASE
    from aprt.kernel.rules import RULES as RULES
    from aprt.runtime.run import replay as replay
    from aprt.runtime.run import run as run
    from aprt.verdict.shrink import shrink as shrink
    from aprt.view.columns import columns as columns

_EXPORTS = (
    ("aprt.core.actor", ("BLOCK", "Actor", "Outcome", "handler")),
    ("aprt.core.caller", ("Caller",)),
    ("aprt.core.effects", ("Call", "choose")),
    ("aprt.core.errors", ("ModelError", "UserError")),
    ("aprt.core.execution", ("Execution",)),
    ("aprt.core.notes", ("Broken", "Oops")),
    ("aprt.core.finding", ("Finding",)),
    ("aprt.core.properties", ("DEADLOCK", "HANG", "Property", "always", "at_end")),
    ("aprt.core.switch", ("patch",)),
    ("aprt.core.schedule", ("Schedule",)),
    ("aprt.core.symmetry", ("Alike", "Renaming")),
    ("aprt.core.system", ("Context", "System", "View")),
    ("aprt.explore.result", ("Bounds", "Exploration")),
    ("aprt.kernel.mailbox", ("Mailbox",)),
    ("aprt.kernel.mutex", ("Mutex",)),
    ("aprt.kernel.rules", ("LOCK_ORDER", "LOCK_RELEASE", "RULES")),
    ("aprt.runtime.run", ("replay", "run")),
    ("aprt.verdict.shrink", ("shrink",)),
    ("aprt.view.columns", ("columns",)),
)

__all__ = ("explore", *(name for _, names in _EXPORTS for name in names))


def __dir__() -> list[str]:
    return sorted((*__all__, "__doc__", "__file__", "__name__", "__path__", "__spec__"))


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name == "explore":
        return import_module("aprt.explore")  # a package that can be called
    for module, names in _EXPORTS:
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module 'aprt' has no attribute {name!r}")
