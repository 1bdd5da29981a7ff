"""`aprt explain`: which finding is told, and in which shape, as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aprt.cli import known_eras
from aprt.cli.recordings import find_recording
from aprt.cli.root import root
from aprt.core.schedule import Schedule
from aprt.core.token import encode
from aprt.museum.catalogue import ENTRIES, find_entries
from aprt.verdict.telling import explained_execution
from aprt.view.reports.explanation import explanation
from tests.toy import ERAS


def aprt(*args: str) -> Result:
    return CliRunner().invoke(root, args, obj=known_eras)


def token(reference: str, property: str) -> str:
    found: str = json.loads(aprt("explore", reference, "--property", property, "--format", "json").stdout)["token"]
    return found


def head(*args: str) -> list[str]:
    return aprt("explain", *args).stdout.splitlines()


def test_what_goes_on_for_ever_is_told_although_one_execution_cannot_show_it() -> None:
    lines = head(token("2026/end-listed+B10=out", "P33"))
    assert lines[2:5] == ["task hung in kvm_s390_gisa_destroy", "", "(gisa_destroy of vm0 goes on, for ever)"]
    assert "  (goes round for ever: vm0.gisa.in_alert_list)" in lines
    hang = head(token("2026/host-no-irq+B47=out", "P49"), "--as", "columns")
    assert "violates P49: no end state can be reached: ioctl0 is at aq.wait_reply" in hang


def test_a_hang_is_told_to_where_nobody_can_go_on_and_whoever_still_comes_to_an_end_is_not_hung() -> None:
    known = token("2026/host-offline+B48=out", "P49")
    told = head(known)
    assert [line.split()[0] for line in told if line.startswith("task:")] == ["task:ioctl1"]
    assert "  (waits for aq.wait_reply, which a signal would end)" in told
    assert "goes on     ioctl1 waits for aq.wait_reply" in told
    assert told[-2:] == ["reproduce   aprt replay \\", f"    {known}"]
    story = " ".join("\n".join(head(known, "--as", "story")).split())
    assert (
        "4. ioctl1 goes on in ap_sm_read(), 4 steps: spin_lock_bh(aq.lock), then hw 05.0004.dqap(host) = 10 I" in story
    )
    assert "Then: no end state can be reached: ioctl1 is at aq.wait_reply (P49)." in story


@pytest.mark.parametrize(
    ("id", "says"),
    [
        ("B9", ["vm0.gisa.get_ipm() = 0, then vm0.vcpu1.schedule()", "vm0.gisa.make_pending(3) = True, then"]),
        ("B4", ["vm0.read_hook() = mdev0", "vm0.set_hook(None), then", "mdev0.free()", "mdev0.read_handler()"]),
        ("B51", ["ap_bus.end_remove(05.0004, False), then", "ap_bus.driver_of(05.0004) = none, then"]),
        ("B5", ["vm0.gisa_int.register(3) = 16, then"]),
    ],
)
def test_a_story_has_the_steps_that_decide_and_where_what_leaks_was_taken(id: str, says: list[str]) -> None:
    story, why = " ".join(aprt("explain", id, "--as", "story").stdout.split()).split(" Why ")
    places = [story.index(words) for words in says]
    assert places == sorted(places)
    assert why


def test_columns_and_story_of_a_cycle_of_locks_say_who_holds_what_and_asks_for_what() -> None:
    columns = "\n".join(head("B2", "--as", "columns"))
    assert (
        """
violates P20: possible circular locking dependency: kvm_lock -> vcpu_mutex
  -> matrix_lock -> kvm_lock
  pv holds vm0.kvm_lock and asks for vm0.vcpu0.mutex (vcpu_mutex) in
    kvm_s390_cpus_to_pv()
  vm0.vcpu0 holds vm0.vcpu0.mutex (vcpu_mutex) and asks for matrix_lock in
    pqap_hook->hook()
  user holds matrix_lock and asks for vm0.kvm_lock in
    kvm_arch_crypto_clear_masks()
"""
        in columns
    )
    assert "   user holds matrix_lock and asks for vm0.kvm_lock (P20)." in head("B2", "--as", "story")


def test_a_loop_is_told_by_its_token_alone_though_the_scenario_does_not_ask_about_its_property() -> None:
    known = token("2026/alert+irq_stays_pending", "P42")
    lines = head(known, "--as", "story")
    assert lines[2] == "task hung in interpreted_tapq"
    assert "wanted      nothing that anybody does in this scenario ends it" in lines
    assert lines == head(known, "--as", "story", "--property", "P42")


def test_of_several_findings_that_of_the_last_step_is_told_first() -> None:
    known = token("2026/two-vms", "P28")
    assert head(known, "--property", "P28")[2].startswith("invariant P28 broken in ")


def test_a_schedule_that_keeps_what_was_asked_about_is_told_with_what_it_does_break() -> None:
    columns = head("B4", "--property", "P1", "--property", "p5")
    assert columns[2] == "remove-mdev: this execution alone does not break P1 or P5; it breaks P9"
    assert any(line.endswith("mdev0.read_handler()   <-- P9") for line in columns)
    assert "violates P9: use after free: read_handler on freed mdev0" in columns
    story = "\n".join(head("B4", "--property", "P1", "--as", "story"))
    assert "That does not break P1, but P9: use after free: read_handler on freed\n   mdev0." in story
    refused = aprt("explain", "B4", "--property", "P1", "--as", "kasan")
    assert refused.stderr.endswith(
        "aprt: --as kasan does not fit: a schedule that does not break P1 is told as columns, story or table\n"
    )


def test_a_schedule_that_breaks_nothing_at_all_says_so_of_what_was_asked_about_and_of_the_rest() -> None:
    harmless = encode("toy/abba", Schedule.of([("left", "A.lock")]), 0)
    told = [CliRunner().invoke(root, ("explain", harmless, *more), obj=lambda: ERAS).stdout for more in ((), ASKED)]
    assert [text.splitlines()[2] for text in told] == [
        "abba: this execution alone breaks nothing",
        "abba: this execution alone does not break T3, nor anything else",
    ]


ASKED = ("--property", "T3")


def test_data_without_its_lock_is_told_as_a_race_by_a_schedule_that_has_both_sides() -> None:
    known = token("2026/create-while-walked+B20=out", "P22")
    lines = head(known)
    title = "KCSAN: data-race in vfio_ap_mdev_probe / vfio_ap_on_cfg_changed"
    assert lines[2] == title
    assert "value changed: (mdev0) -> (mdev0, mdev1)" in lines
    again = lines[-1].removeprefix("reproduce   aprt replay ")
    assert again != known
    assert aprt("replay", again).exit_code == 1
    assert "(admin does matrix_dev.add_mdev without holding guests_lock, in no order with " in "\n".join(lines)


@pytest.mark.parametrize("shape", [("--as", "columns"), ("--brief",), ("--as", "story"), ("--as", "table")])
def test_columns_story_and_table_of_a_race_show_the_two_sides_that_the_title_names(shape: tuple[str, ...]) -> None:
    told = aprt("explain", "B20", *shape).stdout
    assert told.splitlines()[2] == "KCSAN: data-race in vfio_ap_mdev_probe / vfio_ap_on_cfg_changed"
    sides = (
        "vfio_ap_mdev_probe",
        "vfio_ap_on_cfg_changed",
        "matrix_dev.add_mdev(mdev1)",
        "matrix_dev.list_mdevs() = (",
    )
    for said in (*sides, "mdev0, mdev1)"):
        assert said in " ".join(told.split())
    assert "status_show" not in told


def test_the_json_of_a_race_says_why_it_races_as_the_text_does() -> None:
    cause = json.loads(aprt("explain", "B20", "--format", "json").stdout)["cause"]
    assert cause["race"] == [["admin", "matrix_dev.add_mdev", 1], ["ap_scan", "matrix_dev.list_mdevs", 1]]
    assert f"            aprt explain \\\n    {cause['smallest']['token']}\n" in aprt("explain", "B20").stdout
    assert (cause["smallest"]["steps"], cause["states"], cause["complete"]) == (10, 4_522, True)
    assert json.loads(aprt("explain", "B4", "--format", "json").stdout)["cause"]["race"] is None


WHY_IT_RACES = """
Why
smallest    this one: 1 preemption, 10 steps, 1 switch
            optimal: no failing schedule with fewer preemptions exists
then        admin: matrix_dev.add_mdev and ap_scan: matrix_dev.list_mdevs,
              in either order
decides     no order of two steps, and no choice, by itself
always      nothing that tells executions that race from others
searched    4,522 states, all there are up to a race

"""


@pytest.mark.parametrize("shape", [(), ("--as", "columns"), ("--as", "story"), ("--as", "table")])
def test_of_a_race_it_is_said_why_it_comes_about_and_its_smallest_form_is_told_as_it_stands(
    shape: tuple[str, ...],
) -> None:
    why = aprt("explain", "B20", *shape).stdout.partition("\nWhy\n")[2].splitlines()
    assert why[0] == "smallest    1 preemption, 10 steps, 1 switch"
    smallest = why[why.index("            aprt explain \\") + 1].strip()
    told = aprt("explain", smallest, *shape).stdout
    schedule = "" if shape else f"{SCHEDULE}\n"
    assert told.endswith(f"{WHY_IT_RACES}{schedule}reproduce   aprt replay \\\n    {smallest}\n")
    assert "KCSAN: data-race in vfio_ap_mdev_probe / vfio_ap_on_cfg_changed" in told


def test_of_a_race_with_too_many_states_it_is_said_that_its_reason_is_open() -> None:
    known = token("2026/create-while-walked+B20=out", "P22")
    recording = find_recording(known_eras, known, (), ())
    lines = explanation(recording, explained_execution(recording), states=10).splitlines()
    assert lines[lines.index("Why") + 1 : lines.index(SCHEDULE) - 1] == [
        "open        what leads to the race is not worked out: too many states",
        "            why an access has not its lock:",
        f"            aprt explain {known} \\",
        "    --as lockdep",
    ]
    assert "\nWhy\n" in aprt("explain", known, "--as", "lockdep").stdout


def test_the_access_alone_that_has_not_its_lock_is_a_warning_under_the_name_of_its_own_function() -> None:
    alone = head("B20", "--as", "lockdep")
    assert (alone[2], alone[6]) == (
        "WARNING in vfio_ap_mdev_for_queue",
        "WARNING: CPU: 0 PID: 21 at vfio_ap_mdev_for_queue+0x0/0x1",
    )


def test_data_that_no_other_access_meets_is_a_warning_and_no_race() -> None:
    known = token("2026/gain-adapter+B26=out", "P22")
    assert head(known)[2] == "WARNING in vfio_ap_mdev_cfg_add"
    refused = aprt("explain", known, "--as", "kcsan")
    assert (refused.exit_code, refused.stderr) == (
        2,
        "aprt: --as kcsan does not fit: P22 is told as lockdep, columns, story or table\n",
    )


TITLES = (Path(__file__).parents[1] / "view" / "stored" / "reports" / "titles.txt").read_text(encoding="utf-8")
SCHEDULE = "schedule    --as columns shows it, --as story tells it in words"
QUICK = ("B2", "B8", "B10", "B20")
"""A cycle of locks, a lost interrupt, a loop without end, a race: each is looked for in another way."""


@pytest.mark.parametrize(
    "id",
    [
        pytest.param(entry.id, marks=() if entry.id in QUICK else pytest.mark.slow)
        for entry in ENTRIES
        if entry.shown_by is not None
    ],
)
def test_a_bug_of_the_museum_is_looked_for_and_explained(id: str) -> None:
    shown_by = find_entries(id)[0].shown_by
    assert shown_by is not None
    explained = aprt("explain", id)
    assert (explained.exit_code, explained.stderr) == (
        0,
        f"aprt: {id}: looking for what breaks {shown_by.violates} in {shown_by.buggy}\n",
    )
    reference, *_, title = explained.stdout.partition("\n\n")[0].splitlines()
    assert (reference, f"{id:4} {title}") in {(shown_by.buggy, line) for line in TITLES.splitlines()}
    columns = title.startswith("invariant ")  # the kernel has no report of it
    schedule = "" if columns else f"{SCHEDULE}\n"
    assert f"\n\n{schedule}reproduce   aprt replay " in explained.stdout


def test_a_report_is_followed_by_what_shows_the_schedule() -> None:
    assert SCHEDULE in head("B10", "--property", "P33")
    assert "\nschedule " not in aprt("explain", "B10", "--as", "columns").stdout


def test_a_bug_goes_by_the_commit_of_its_fix_and_wherever_a_token_goes() -> None:
    assert aprt("explain", "1e75373").stdout == aprt("explain", "b4").stdout
    assert "VIOLATED property=P9 scenario=5.15/remove-mdev " in aprt("replay", "B4", "--property", "P9").stdout
    assert "SHRUNK property=P9 scenario=5.15/remove-mdev " in aprt("shrink", "B4").stdout


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            ("2026/kill-qemu",),
            "2026/kill-qemu is a scenario: aprt explore 2026/kill-qemu looks for what breaks in it, "
            "and prints the token to give here",
        ),
        (("B24",), "B24 cannot be seen in a schedule; aprt museum show B24 says why"),
        (("B99",), "no entry is called 'B99' (did you mean 'B9'?)"),
        (("abcdef0",), "no entry has commit 'abcdef0' (see aprt museum list)"),
        (("B8", "--with", "B8"), "B8: nothing breaks P30 in 2026/late-kick (HOLDS)"),
        (
            ("kill",),
            "kill: no such file, and not a token (aprt2:ERA/SCENARIO:LETTERS) or a bug of the museum (B8) either",
        ),
    ],
)
def test_what_names_no_schedule_is_told_what_to_type(args: tuple[str, ...], message: str) -> None:
    refused = aprt("explain", *args)
    assert (refused.exit_code, refused.stdout, refused.stderr.splitlines()[-1]) == (2, "", f"aprt: {message}")


@pytest.mark.parametrize("shape", [("--as", "story"), ("--brief",)])
def test_json_has_everything_and_is_no_shape(shape: tuple[str, ...]) -> None:
    known = ("explain", "aprt2:toy/abba:rgFjmI097Uqg", "--format", "json")
    told, refused = (CliRunner().invoke(root, (*known, *more), obj=lambda: ERAS) for more in ((), shape))
    assert json.loads(told.stdout)["schema"] == "aprt.trace/1"
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr == (
        f"aprt: --format json has everything: leave out {' '.join(shape)} (try 'aprt explain --help')\n"
    )


def test_brief_columns_leave_out_what_a_context_does_in_between() -> None:
    known = token("2026/probe-while-read+B22=out", "P9")
    long, brief = head(known, "--as", "columns"), head(known, "--brief")
    assert len(brief) < len(long)
    assert {line.strip() for line in brief} < {line.strip() for line in long}
    refused = aprt("explain", known, "--as", "story", "--brief")
    assert (refused.exit_code, refused.stderr) == (
        2,
        "aprt: --brief is for columns, not for --as story (try 'aprt explain --help')\n",
    )


def test_a_step_has_the_same_number_in_a_report_in_the_table_and_in_a_replay() -> None:
    known = token("2026/masks-in-use+B50=out", "P7")
    steps = [line.rpartition("step ")[2] for line in head(known, "--as", "leak") if ", step " in line]
    table = {line.split()[0]: line for line in head(known, "--as", "table") if line.strip()}
    replayed = {line.split()[0]: line for line in aprt("replay", known).stdout.splitlines() if line.strip()}
    assert steps == ["2", "9"]
    for number, op in zip(steps, ("vfio_ap.ko.try_get() =", "ap_perms_mutex.unlock()"), strict=True):
        assert op in table[number]
        assert op in replayed[number]


@pytest.mark.parametrize("shape", ["kasan", "kcsan", "hungtask", "leak", "refcount"])
def test_a_report_that_does_not_fit_is_refused(shape: str) -> None:
    refused = aprt("explain", token("5.13/pv-switch+B2=out", "P20"), "--as", shape)
    assert (refused.exit_code, refused.stderr) == (
        2,
        f"aprt: --as {shape} does not fit: P20 is told as lockdep, columns, story or table\n",
    )
