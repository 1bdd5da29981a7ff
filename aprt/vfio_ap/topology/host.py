"""Reads the AP configuration of a host from files as /sys/bus/ap has them. Every file is optional.

ap_max_adapter_id, ap_max_domain_id    decimal; without: 255
ap_adapter_mask, ap_usage_domain_mask, ap_control_domain_mask
                                       what the host has; without (or `not supported`, as on a machine without
                                       QCI): what the mdevs are assigned
apmask, aqmask                         the product is reserved for the host's own drivers; without one of them:
                                       all ones, as at boot; without both: nothing is reserved, for a host that
                                       keeps every queue has nothing to run here
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from aprt.vfio_ap.ap.apqn import HIGHEST
from aprt.vfio_ap.ap.masks import ALL, parse_mask
from aprt.vfio_ap.ap.matrix import Matrix
from aprt.vfio_ap.topology.input_file import InputFile
from aprt.vfio_ap.topology.topology import CONFIG_MASKS, Host, MdevDefinition

_DECIMAL = re.compile(r"[0-9]{1,3}", re.ASCII)


def read_host(directory: Path, mdevs: Iterable[MdevDefinition]) -> Host:
    """The host that the files in `directory` and the assignments of `mdevs` tell. Raises: `UserError`."""
    place = InputFile(directory)
    files = {file.path.name: file for file in place.children()} if place.exists() else {}
    max_adapter, max_domain = _highest(files, "ap_max_adapter_id"), _highest(files, "ap_max_domain_id")
    assigned = [assignment for mdev in mdevs for assignment in mdev.assignments]
    config = {}
    for dimension, name in CONFIG_MASKS.items():
        mask = _mask(files, name)
        if mask is None:
            mask = frozenset(a.number for a in assigned if a.dimension == dimension)
        else:
            limit = max_adapter if dimension == "apm" else max_domain
            _check_limit(files[name], mask, limit)
        config[dimension] = mask
    return Host(Matrix.of(**config), _reserved(files), max_adapter, max_domain)


def _reserved(files: Mapping[str, InputFile]) -> Matrix:
    masks = [_mask(files, "apmask"), _mask(files, "aqmask")]
    if masks == [None, None]:
        return Matrix()
    return Matrix.of(*(ALL if mask is None else mask for mask in masks))


def _mask(files: Mapping[str, InputFile], name: str) -> frozenset[int] | None:
    if name not in files:
        return None
    text = files[name].text().strip()
    if text == "not supported":
        return None
    try:
        return parse_mask(text)
    except ValueError as error:
        raise files[name].wrong("mask", str(error), "copy what sysfs prints") from None


def _check_limit(file: InputFile, mask: frozenset[int], limit: int) -> None:
    if mask and max(mask) > limit:
        advice = "clear the bit, or correct ap_max_adapter_id or ap_max_domain_id"
        raise file.wrong(f"bit {max(mask)}", f"is set, but the highest number of the machine is {limit}", advice)


def _highest(files: Mapping[str, InputFile], name: str) -> int:
    if name not in files:
        return HIGHEST
    text = files[name].text().strip()
    if _DECIMAL.fullmatch(text) is None or int(text) > HIGHEST:
        raise files[name].wrong("number", f"{text!r} is no number in 0..{HIGHEST}", "write it decimal")
    return int(text)
