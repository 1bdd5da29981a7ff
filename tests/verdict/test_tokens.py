from pathlib import Path

import pytest

from aprt.core.errors import ReplayMismatch, UserError
from aprt.core.schedule import Schedule
from aprt.verdict.case import Case
from aprt.verdict.tokens import LONGEST, resolve, save, token_of
from tests.toy import ERAS

ABBA = Case.parse("toy/abba", ERAS)
EMBRACE = Schedule.of([("left", "A.lock"), ("right", "B.lock")])


def test_a_token_names_case_and_schedule() -> None:
    token = token_of(ABBA, ABBA.model().system, EMBRACE)
    assert token == "aprt2:toy/abba:rgFjmI097Uqg"
    recording = resolve(token, lambda text: Case.parse(text, ERAS))
    assert (str(recording.case), recording.schedule, recording.named) == ("toy/abba", EMBRACE, token)


def test_a_schedule_that_the_system_does_not_have_gets_no_token() -> None:
    assert token_of(ABBA, ABBA.model().system, Schedule.of([("left", "B.lock")])) is None


def test_a_schedule_too_long_to_paste_gets_no_token() -> None:
    case = Case.parse("toy/large", ERAS)
    steps = [(f"worker{i}", f"counter{i}.add") for _ in range(6) for i in range(12)]
    system = case.model().system
    tokens = [token_of(case, system, Schedule.of(steps[:count])) for count in range(1, 73)]
    lengths = [len(token) for token in tokens if token is not None]
    assert (LONGEST, lengths[-1]) == (120, 120)
    assert tokens[len(lengths) :] == [None] * (72 - len(lengths))


def test_a_file_outlives_new_steps_and_names_the_one_that_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "race.json"
    save(file, ABBA, Schedule.of([("right", "B.lock"), ("left", "A.lock")]))
    with pytest.raises(ReplayMismatch, match=r"step 2: expected left to go on to A\.lock"):
        resolve(str(file), lambda text: Case.parse(text, ERAS, put_in=["same_order"]))
    save(file, ABBA, Schedule.of([("right", "B.lock")]))
    followed = resolve(str(file), lambda text: Case.parse(text, ERAS, put_in=["same_order"])).schedule
    assert [str(label) for label in followed] == ["right: A.lock", "right: B.lock"]
    save(file, ABBA, Schedule.of([("left", "A.lock"), ("left", "A.trylock")]))
    with pytest.raises(ReplayMismatch) as caught:
        resolve(str(file), lambda text: Case.parse(text, ERAS))
    assert str(caught.value) == (
        "replay diverged at step 4: expected left to go on to A.trylock (steps[1]), but it blocks or is done; "
        "enabled: right: B.lock"
    )


def test_a_step_that_is_no_message_is_told_by_its_place_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "race.json"
    save(file, ABBA, Schedule.of([("left", "A.lock"), ("left", "A.lokc")]))
    with pytest.raises(ReplayMismatch) as caught:
        resolve(str(file), lambda text: Case.parse(text, ERAS))
    assert str(caught.value) == f"{file}: steps[1]: there is no message 'A.lokc' (did you mean 'A.lock'?)"


def test_a_token_can_be_tried_on_a_changed_model() -> None:
    token = "aprt2:toy/abba:rgFjmI097Uqg"
    assert (
        resolve(token, lambda text: Case.parse(text, ERAS, put_in=["locked"])).schedule == EMBRACE
    )  # abba does not care
    with pytest.raises(ReplayMismatch) as caught:
        resolve(token, lambda text: Case.parse(text, ERAS, put_in=["same_order"]))
    assert (caught.value.step, caught.value.enabled) == (1, ("left: B.lock",))


def test_a_saved_schedule_reads_back(tmp_path: Path) -> None:
    file = tmp_path / "race.json"
    save(file, ABBA, EMBRACE)
    assert file.read_text() == (
        '{\n  "schema": "aprt.schedule/1",\n  "scenario": "toy/abba",\n  "steps": [\n'
        '    ["left", "A.lock"],\n    ["right", "B.lock"]\n  ]\n}\n'
    )
    assert [path.name for path in tmp_path.iterdir()] == ["race.json"]
    recording = resolve(str(file), lambda text: Case.parse(text, ERAS))
    assert (str(recording.case), recording.schedule, recording.named) == ("toy/abba", EMBRACE, str(file))


def test_a_file_that_cannot_be_written_is_a_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot write .*/no/where: No such file or directory"):
        save(tmp_path / "no" / "where", ABBA, EMBRACE)
    (tmp_path / "taken").mkdir()
    with pytest.raises(UserError, match=r"cannot write .*/taken: Is a directory"):
        save(tmp_path / "taken", ABBA, EMBRACE)
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a schedule file (needs schema, scenario and steps)"),
        (b'{"schema": "aprt.schedule/1"}', "not a schedule file (needs schema, scenario and steps)"),
        (b'{"schema": 1, "scenario": "v4/h1", "steps": []}', "not a schedule file (needs schema, scenario and steps)"),
        (
            b'{"schema": "aprt.schedule/2", "scenario": "toy/abba", "steps": []}',
            "schema: 'aprt.schedule/2' is unknown (this aprt reads 'aprt.schedule/1')",
        ),
        (
            b'{"schema": "aprt.schedule/1", "scenario": "toy/abba", "steps": [], "stepz": 1}',
            "unknown field 'stepz' (known: schema, scenario, own, steps)",
        ),
        (
            b'{"schema": "aprt.schedule/1", "scenario": "toy/abba", "steps": [["left", "A.lock"], ["left"]]}',
            'steps[1]: expected [context, operation], found ["left"]',
        ),
    ],
)
def test_a_bad_schedule_file_gets_one_line_with_file_and_reason(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "bad.json"
    file.write_bytes(content)
    with pytest.raises(UserError) as caught:
        resolve(str(file), lambda text: Case.parse(text, ERAS))
    assert str(caught.value) == f"{file}: {message}"


def test_directories_missing_and_huge_files_are_refused(tmp_path: Path) -> None:
    huge = tmp_path / "huge"
    with huge.open("wb") as file:
        file.truncate(100_000_000)
    for name, message in {
        str(tmp_path): "is a directory, not a schedule file",
        str(huge): "too large for a schedule file (more than 10,000,000 bytes)",
        "nowhere": "no such file, and not a token (aprt2:ERA/SCENARIO:LETTERS) or a bug of the museum (B8) either",
    }.items():
        with pytest.raises(UserError) as caught:
            resolve(name, lambda text: Case.parse(text, ERAS))
        assert str(caught.value) == f"{name}: {message}"
