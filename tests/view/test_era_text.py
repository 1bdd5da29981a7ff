"""What an era brings: fixes and features that came with it, scenarios that make sense from then on."""

from __future__ import annotations

import importlib
import inspect
import json

from aprt.vfio_ap.eras import ERAS
from aprt.view.era_text import neighbours, news, news_json, news_text
from aprt.view.functions_text import functions_json, functions_text


def test_5_13_has_two_fixes_more_than_5_12() -> None:
    assert news_text(news("5.13", ERAS)) == (
        "5.13  the lock is given back while masks are written; a flag keeps others\n"
        "  out meanwhile\n\n"
        "since 5.12\n\n"
        "  fix  B2   the lock is given back while the guest's masks are written, and\n"
        "            a flag keeps others out [out -> in]\n"
        "  fix  B36  an mdev is removed whatever it has, as nobody listens to a\n"
        "            refusal [out -> in]"
    )


def test_each_era_has_the_features_that_came_with_it() -> None:
    features = {
        era: [switch.name for switch, _, now in news(era, ERAS).changed if switch.kind == "feature" and now == "in"]
        for era in ERAS
    }
    assert {era: names for era, names in features.items() if names} == {
        "5.3": ["aqic", "hook_owner"],
        "5.15": ["dev_set"],
        "6.0": ["gisc_checked", "dynamic_config"],
        "6.2": ["group_lock_first"],
        "6.6": ["group_add_locked"],
        "6.8": ["status_of_guest"],
        "6.12": ["checkstop_ends", "ap_config"],
    }


def test_the_first_era_of_a_driver_is_compared_with_none() -> None:
    for era in ("v4", "4.20"):
        found = news(era, ERAS)
        assert (found.before, found.changed, found.came, found.went) == (None, (), (), ())


def test_scenarios_come_with_the_code_that_they_are_about() -> None:
    assert {"pv-switch"} == set(news("5.12", ERAS).came)
    assert {"two-closers", "unassign"} <= set(news("6.0", ERAS).came)
    assert {"ap-config"} == set(news("6.12", ERAS).came)


def test_a_program_reads_values_before_and_now() -> None:
    told = json.loads(news_json(news("5.13", ERAS)))
    assert (told["schema"], told["before"]) == ("aprt.era/1", "5.12")
    assert [(row["name"], row["before"], row["now"]) for row in told["changed"]] == [
        ("B2", "out", "in"),
        ("B36", "out", "in"),
    ]


def test_the_neighbours_of_an_era_are_told_with_what_is_changed_on_the_way() -> None:
    assert neighbours("6.2", ERAS) == (
        ("since 6.0", ["B11", "B13", "group_lock_first", "B42=out"]),
        ("then 6.3", ["B12", "B14", "B38", "B39"]),
    )
    assert dict(neighbours("2026", ERAS))["since 6.16"][-1] == "cfg_chg_event=out"
    assert neighbours("v4", ERAS) == ()
    assert [head for head, _ in neighbours("4.20", ERAS)] == ["then 5.3"]


def test_the_functions_that_a_patch_can_replace_are_told_as_they_are_called_and_imported() -> None:
    text = functions_text(ERAS["2026"])
    assert text.startswith("2026: what a patch can replace, as in aprt.patch(about, NAME=function)\n\n  probe(")
    assert (
        "\n  dma_unmap(machine, guest, first, pages) -> None\n"
        "      kernel  vfio_ap_mdev_dma_unmap()\n"
        "      model   aprt.vfio_ap.mainline.dma_unmap.callback\n"
    ) in text
    names = {
        era: [one["name"] for one in json.loads(functions_json(ERAS[era]))["functions"]]
        for era in ("v4", "5.15", "6.0")
    }
    assert names["v4"] == names["5.15"]
    assert [name for name in names["6.0"] if name not in names["v4"]] == [
        "kvm_vfio_closed",
        "attach",
        "detach",
        "config_changed",
        "scan_complete",
        "in_use",
    ]


def test_every_function_that_a_patch_can_replace_is_where_it_is_said_to_be() -> None:
    for era in ERAS.values():
        for one in json.loads(functions_json(era))["functions"]:
            module, _, name = one["function"].rpartition(".")
            function = getattr(importlib.import_module(module), name)
            assert inspect.iscoroutinefunction(inspect.unwrap(function))
            assert function.__name__ == one["kernel"] or function is not inspect.unwrap(function)


def test_a_function_is_told_by_its_name_in_the_era_and_by_two_where_the_kernel_has_two() -> None:
    def kernel(era: str) -> dict[str, str]:
        return {one["name"]: one["kernel"] for one in json.loads(functions_json(ERAS[era]))["functions"]}

    assert (kernel("5.3")["create"], kernel("2026")["create"]) == ("vfio_ap_mdev_create", "vfio_ap_mdev_probe")
    assert kernel("v4")["assign"] == "assign_adapter_store, assign_domain_store"
    assert "\n      kernel  assign_adapter_store(), assign_domain_store()\n" in functions_text(ERAS["2026"])
