"""What to write instead, for every field of a topology's files that msgspec refuses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import get_args

import msgspec

from aprt.vfio_ap.topology.topology import Action, Attribute

_PLACE = re.compile(r"(.*) - at (?:`key` in )?`\$\.?(.*)`", re.DOTALL)
_STEP = re.compile(r"step\[(\d+)\]")

_STEPS: Mapping[str, type[msgspec.Struct]] = MappingProxyType(
    {str(kind.__struct_config__.tag): kind for kind in get_args(Action)}
)
_DOINGS = f"a step does {', '.join(list(_STEPS)[:-1])} or {list(_STEPS)[-1]}"

_MDEV = MappingProxyType(
    {
        "": "an mdev has mdev_type, start and attrs, such as mdevctl writes them",
        "mdev_type": 'write "vfio_ap-passthrough"',
        "start": 'write "auto" or "manual"',
        "attrs": f"write a list of {', '.join(get_args(Attribute))}, each with one number in a string",
    }
)
_SCRIPT = MappingProxyType(
    {
        "": "a script has era, with, without, order, and [[step]] tables",
        "era": 'name the kernel, such as "v4"',
        "with": 'list switches, such as ["vm_ref", "wait_reset"]',
        "without": 'list switches, such as ["vm_ref", "wait_reset"]',
        "order": 'write "sequence" or "any"',
        "step": "write each step as a [[step]] table, 1 to 1000 of them",
        "do": _DOINGS,
        "guest": "name a guest of guests/*.xml",
        "isc": "give a guest interruption subclass, 0..7",
        "count": "give a number of requests, 1..100",
        "vcpu": "give the number of a vCPU, from 0",
    }
)


def mdev_complaint(error: msgspec.ValidationError) -> tuple[str, str, str]:
    """Place, reason and advice, for a definition of mdevctl."""
    place, reason = _place_and_reason(error)
    return place or "top level", reason, _MDEV[place.partition("[")[0]]


def script_complaint(error: msgspec.ValidationError, content: object) -> tuple[str, str, str]:
    """Place, reason and advice, for a script with that content."""
    place, reason = _place_and_reason(error)
    step = _STEP.fullmatch(place)
    advice = _fields(content, int(step[1])) if step else _SCRIPT[re.sub(r"\[.*?\]", "", place).rpartition(".")[2]]
    return place or "top level", reason, advice


def _fields(content: object, index: int) -> str:
    """What a step of the kind that was meant has, for one with a field too many or too few."""
    match content:
        case {"step": [*steps]} if isinstance(steps[index], dict) and steps[index].get("do") in _STEPS:
            do = steps[index]["do"]
            names = [field.encode_name for field in msgspec.structs.fields(_STEPS[do])]
            return f"a step that does {do} has {' and '.join(names) if len(names) < 3 else ', '.join(names)}"
    return _DOINGS


def _place_and_reason(error: msgspec.ValidationError) -> tuple[str, str]:
    match = _PLACE.fullmatch(str(error))
    return (match[2], match[1]) if match else ("", str(error))
