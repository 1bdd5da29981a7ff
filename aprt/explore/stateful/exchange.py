"""Two parts of a system change places: what becomes of every local state, and proof that nobody notices.

An exchange is declared (`core.symmetry`), which is not believed but put to the test. It says which slot of a state
becomes which. The control states and values of the initial state correspond to each other, and so do those to which
corresponding steps lead. So nobody has to say where values name members; and that one member comes first in a list
makes no difference until some behaviour goes along the list.

For every set of moves that the tables have learned, those of the corresponding control state and value are learned too,
and must correspond: as many steps, which break the same properties, and lead to control states and values that have no
other counterparts. What checks say must correspond likewise. What is learned on the way is compared in its turn, with
every exchange; so the comparison covers every order of the members, and not just those that a search meets. Whatever
contradicts the declaration is an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NoReturn, TypeAlias

from aprt.core.errors import UserError
from aprt.core.symmetry import moved
from aprt.core.system import System
from aprt.explore.checking.checks import Checks, Due
from aprt.explore.checking.judges import Judge, Recorder, Watch
from aprt.explore.learned.packing import INITIAL
from aprt.explore.learned.tables import Move, Tables

Moves: TypeAlias = Sequence[Move[Due]]

_NO_WATCH: Final = Watch(noted=(), before=(), after=(), histories=(), oops=False)


class Asymmetric(UserError):
    """What the system declares to be alike is not. kind: the number of the class. apart: what tells members apart."""

    def __init__(self, kind: int, apart: str) -> None:
        super().__init__(f"no symmetry: {apart}")
        self.kind, self.apart = kind, apart


class Exchange:
    """Members `i` and `i + 1` of the class numbered `kind` change places.

    slots: by slot of a state, the one that it becomes. members: by member, the one that it becomes, as `moved` says.
    Raises: `Asymmetric` for whatever in the system tells them apart, at the first sight of it, and `UserError` for a
    property that does.
    """

    def __init__(self, system: System, tables: Tables[Due], checks: Checks, kind: int, i: int) -> None:
        alike = system.symmetry[kind]
        self._system, self._tables, self._checks, self._packing = system, tables, checks, checks.packing
        self._kind, self._names = kind, alike.exchange(i, i + 1)
        self._if = f"if {alike.members[i][0]} and {alike.members[i + 1][0]} change places"
        self.members = moved(system.symmetry, kind, i)
        self.slots = self._slots()
        self._numbers = [{INITIAL: INITIAL} for _ in self.slots]
        self._at = 0  # so much of `Tables.learned` was compared
        self._compared: set[tuple[int, int, int]] = set()  # moves beyond whose counterparts were compared with them
        self._judges: dict[Judge, Judge] = {}
        self._recorders: dict[Recorder, Recorder] = {}
        self._pair_judges(checks.always, checks.always)
        self._pair_judges(checks.ends, checks.ends)

    def number(self, slot: int, number: int) -> int:
        """What becomes of a number. Moves that were compared, or checks, must have led to it."""
        return self._numbers[slot][number]

    def state(self, state: int) -> int:
        """What becomes of a state."""
        numbers = self._packing.numbers(state)
        return sum(self._packing.delta(self.slots[slot], 0, self.number(slot, n)) for slot, n in enumerate(numbers))

    def compare_moves(self) -> None:
        """Compare all moves that were learned since the last time with their counterparts, each pair once."""
        learned, compared = self._tables.learned, self._compared
        rows, numbers, slots = self._tables.rows, self._numbers, self.slots
        while self._at < len(learned):
            entry = place, control, number = learned[self._at]
            self._at += 1
            if entry in compared:
                compared.remove(entry)
                continue
            other_place, other = slots[place], numbers[place][control]
            (slot, row), (other_slot, other_row) = rows[place][control], rows[other_place][other]
            if other_slot != slots[slot]:
                self._refuse(place, control, "and something else then")
            counterpart = other_place, other, numbers[slot][number]
            moves, others = row[number], other_row[counterpart[2]]
            if counterpart != entry:
                compared.add(counterpart)
            if moves or others:
                self._compare(place, control, (slot, number), moves, others)

    def compare_verdicts(self, check: Judge | Recorder, state: int) -> None:
        """Compare what a check said about a state with what its counterpart says about the counterpart of the state."""
        image = self.state(state)
        if isinstance(check, Judge):
            text, other_text, alike = check(state), self._judges[check](image), True
        else:
            (delta, text), (other_delta, other_text) = check(state), self._recorders[check](image)
            (slot,), (other_slot,) = check.slots, self._recorders[check].slots
            after, other_after = (
                self._packing.field(before + change, slot)
                for before, change, slot in ((state, delta, slot), (image, other_delta, other_slot))
            )
            alike = self._correspond(slot, after, other_after)
        if not alike or (text is None) != (other_text is None):
            self._differ(f"{check.id} tells them apart")

    def _slots(self) -> tuple[int, ...]:
        packing, contexts = self._packing, self._system.contexts
        places = {context.name: place for place, context in enumerate(contexts)}
        goes = [places.get(self._names(context.name), -1) for context in contexts]
        for place, other in enumerate(goes):
            if other < 0 or contexts[place].daemon != contexts[other].daemon:
                self._refuse_parts(f"{contexts[place].name} is a context without a counterpart")
        for name in packing.actors:
            if self._names(name) not in packing.actors:
                self._refuse_parts(f"{name} is an actor without a counterpart")
        goes += (packing.actors[self._names(name)] for name in packing.actors)
        goes += (packing.callers[goes[place]] for place in packing.controls)
        return (*goes, *self._memories())

    def _memories(self) -> list[int]:
        """The slots that the memories of histories go to."""
        left = [(id, frozenset(a.name for a in h.concerns), slot) for id, h, slot in self._checks.histories]
        goes = []
        for id, history, _ in self._checks.histories:
            wanted = frozenset(self._names(actor.name) for actor in history.concerns)
            found = next((entry for entry in left if entry[:2] == (id, wanted)), None)
            if found is None:
                self._differ(f"{id} looks at one of them only")
            left.remove(found)
            goes.append(found[2])
        return goes

    def _options(self, moves: Moves, others: Moves) -> list[tuple[Move[Due], Move[Due]]]:
        """Moves by which the environment chooses corresponding options."""
        steps = self._tables.steps
        by_option = {(type(reply), reply): move for move in others for reply in (steps[move[1]].event.reply,)}
        options = [self._names(steps[move[1]].event.reply) for move in moves]
        found = [by_option.get((type(option), option)) for option in options]
        return [(move, other) for move, other in zip(moves, found, strict=True) if other is not None]

    def _compare(self, place: int, control: int, deciding: tuple[int, int], moves: Moves, others: Moves) -> None:
        pairs = [(moves[0], others[0])] if len(moves) == len(others) == 1 else self._options(moves, others)
        if not len(pairs) == len(moves) == len(others):
            self._refuse(place, control, "and then it is enabled otherwise")
        for move, other in pairs:
            self._compare_one(place, control, deciding, move, other)

    def _compare_one(
        self, place: int, control: int, deciding: tuple[int, int], move: Move[Due], other: Move[Due]
    ) -> None:
        """Compare a move with its counterpart. deciding: the slot that decides, and the number in it."""
        slot, number = deciding
        before = {place: control, slot: number, self._packing.callers[place]: self._tables.held[place][control]}
        changes, other_changes = dict(self._tables.changes[move[1]]), dict(self._tables.changes[other[1]])
        for s, n in before.items():
            after, other_after = n + changes.get(s, 0), self._numbers[s][n] + other_changes.get(self.slots[s], 0)
            if not self._correspond(s, after, other_after):
                how = "and goes on differently then" if s == place else "with another effect then"
                self._refuse(place, control, how)
        step, counterpart = self._tables.steps[move[1]], self._tables.steps[other[1]]
        broken, other_broken = ([note.property for note in s.event.broken] for s in (step, counterpart))
        if broken != other_broken or step.oops != counterpart.oops:
            self._refuse(place, control, "with another effect then")
        self._pair_watches(move[2][0] or _NO_WATCH, other[2][0] or _NO_WATCH)

    def _pair_watches(self, watch: Watch, other: Watch) -> None:
        self._pair_judges(watch.before, other.before)
        self._pair_judges(watch.after, other.after)
        recorders = {recorder.slots[0]: recorder for recorder in other.histories}
        for recorder in watch.histories:
            counterpart = recorders[self.slots[recorder.slots[0]]]
            self._recorders[recorder], self._recorders[counterpart] = counterpart, recorder

    def _correspond(self, slot: int, number: int, other: int) -> bool:
        """From now on these two numbers become each other; False when one of them has another counterpart already."""
        there, back = self._numbers[slot], self._numbers[self.slots[slot]]
        return there.setdefault(number, other) == other and back.setdefault(other, number) == number

    def _pair_judges(self, judges: Sequence[Judge], others: Sequence[Judge]) -> None:
        """Checks of one property correspond when they read corresponding actors; of several, in the order declared."""
        left = list(others)
        for judge in judges:
            reads = {self._names(name) for name in judge.reads}
            found = next((other for other in left if other.id == judge.id and set(other.reads) == reads), None)
            if found is None:
                self._differ(f"{judge.id} looks at one of them only")
            left.remove(found)
            self._judges[judge], self._judges[found] = found, judge
        if left:
            self._differ(f"{left[0].id} looks at one of them only")

    def _refuse(self, place: int, control: int, how: str) -> NoReturn:
        self._refuse_parts(f"{self._system.contexts[place].name} does {self._tables.effect(place, control)}, {how}")

    def _refuse_parts(self, why: str) -> NoReturn:
        raise Asymmetric(self._kind, f"{self._if}, {why}")

    def _differ(self, why: str) -> NoReturn:
        """A property tells them apart."""
        raise UserError(f"no symmetry: {self._if}, {why}")
