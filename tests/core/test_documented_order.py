"""What a documented lock order says of an edge."""

from __future__ import annotations

import pytest

from aprt.core.documented_order import DocumentedOrder, Standing

ORDER = DocumentedOrder((("bus", "outer", "hook"), ("hook", "iommu"), ("set", "outer")), innermost=("spin",))


@pytest.mark.parametrize(
    ("held", "asked", "standing"),
    [
        ("bus", "outer", "documented"),
        ("bus", "hook", "documented"),
        ("bus", "iommu", "documented"),  # by two chains
        ("set", "hook", "documented"),
        ("hook", "bus", "contradicts"),
        ("iommu", "set", "contradicts"),
        ("bus", "set", "undocumented"),
        ("outer", "outer", "undocumented"),
        ("outer", "else", "undocumented"),
        ("else", "spin", "documented"),
        ("spin", "else", "contradicts"),
        ("spin", "spin", "contradicts"),
        ("outer/1", "hook", "documented"),
        ("hook", "outer/1", "contradicts"),
    ],
)
def test_an_edge_is_documented_contradicts_or_is_not_spoken_of(held: str, asked: str, standing: Standing) -> None:
    assert ORDER.standing(held, asked) == standing


def test_nothing_documented_contradicts_nothing() -> None:
    assert DocumentedOrder(()).standing("a", "b") == "undocumented"
    assert ORDER.classes == {"bus", "outer", "hook", "iommu", "set", "spin"}


@pytest.mark.parametrize(
    ("held", "asked", "against"),
    [
        ("hook", "bus", "bus -> hook"),
        ("iommu", "set", "set -> outer -> hook -> iommu"),
        ("spin", "else", "spin is innermost"),
        ("bus", "hook", ""),
        ("outer", "outer", ""),
        ("bus", "set", ""),
        ("hook", "outer/1", "outer -> hook"),
    ],
)
def test_what_contradicts_is_told_with_what_it_contradicts(held: str, asked: str, against: str) -> None:
    assert ORDER.against(held, asked) == against
