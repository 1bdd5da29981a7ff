"""Runs `aprt` on files of a user's own: a scenario to put into one, and the patches of the demos."""

from pathlib import Path

from click.testing import CliRunner, Result

from aprt.cli import known_eras
from aprt.cli.root import root

ROOT = Path(__file__).parent.parent.parent
V1, V2 = "demos/handler_lock.py:V1", "demos/handler_lock.py:V2"
SCENARIO = """
from aprt import Actor, Context, System, at_end, handler
from aprt.core.scenario import Model, Scenario

class Counter(Actor[int]):
    def initial(self): return 0
    @handler(reads="*")
    def read(self, state, by): return state, state
    @handler(writes="*")
    def write(self, state, by, value): return value, None

def build(settings):
    counter = Counter("counter")
    async def add():
        await counter.write(await counter.read() + 1)
    system = System((counter,), (Context("a", add), Context("b", add)))
    two = at_end("two", (counter,), lambda view: None if view(counter) == 2 else f"counter is {view(counter)}")
    return Model(system, (two,), ("two threads",), ())

MINE = Scenario("mine", "two threads add one", "Both read, then both write.", ("two",), build)
"""


def aprt(*args: str) -> Result:
    return CliRunner().invoke(root, args, obj=known_eras)


def said(*args: str) -> str:
    return aprt("explore", *args).stdout.splitlines()[-1]
