"""What a behaviour may await."""

from __future__ import annotations

from typing import Any

import pytest

from aprt.core.effects import Choose, choose
from aprt.core.errors import WrongArgument


def test_a_choice_is_of_something_and_has_options() -> None:
    pick: Any = choose
    assert pick("door", "left", 2) == Choose("door", ("left", 2))
    for given, told in (
        (("door",), "choose 'door' has no options; give it one or more"),
        ((1, 2), "choose: expected what is chosen, in a word, before the options, found 1"),
    ):
        with pytest.raises(WrongArgument) as refused:
            pick(*given)
        assert str(refused.value) == told
