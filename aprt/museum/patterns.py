"""What the bugs have in common: the mistakes that are worth a lesson each."""

from __future__ import annotations

from enum import Enum


class Pattern(Enum):
    """A way to be wrong, in one line."""

    FIX_BEGETS_BUG = "a fix begets a bug: what else did the changed code do?"
    NEW_BEFORE_OLD = "get the new before you let go of the old"
    SENTINEL_IN_RANGE = "one value with two meanings, such as 'nothing' and a valid one"
    CHANGED_IS_NOT_NONEMPTY = "'the result is not empty' is not 'something changed'"
    LAST_PUT_UNDER_LOCK = "a reference that may be the last is dropped under a lock its destructor takes"
    ONLY_OTHERS_CAN_END_IT = "waiting for an event that only others produce"
    ALREADY_ON_ITS_WAY = "a flag 'somebody is on the way' outlives the one who was"
    LATE_HARDWARE = "an answer of the hardware means 'begun', not 'done'"
    VISIBLE_TOO_EARLY = "visible to others before it is initialized"
    SECOND_ACQUISITION = "the error path of the second acquisition forgets the first"
    POINTER_OUTLIVES = "a pointer is kept, or read, longer than what it points to"
    LOCK_ORDER = "locks are taken in two orders, or something that waits is none to the lock checker"
    UNLOCKED_ACCESS = "read and written under different locks, or none"
    ONE_PATH_FORGETS = "of several paths to the end, one forgets the cleanup"
    HANDED_ON_UNRESET = "handed on to the next user without a reset"
    PART_FOR_WHOLE = "only what was touched is looked at, where the whole decides"
    WRONG_SET = "the set that is computed is not the set that is meant"
    NOT_THERE = "what need not be there is used without a look"
    AGAIN = "what is done already is done again, which is not harmless"
    WRONG_NAME = "two ways to name a thing, or two things with like names, mixed up"
    COUNTER_DRIFTS = "a counter is set instead of counted"
    INITIAL_STATE = "a variable carries something over from before, or has no value at all"
