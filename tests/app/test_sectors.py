"""The divisions of the WZ 2008."""

import pytest

from app.services import sectors


def test_there_are_88_divisions_each_with_two_names():
    assert len(sectors.DIVISIONS) == 88
    assert all(len(code) == 2 and code.isdigit() for code in sectors.DIVISIONS)
    assert all(de and en for de, en in sectors.DIVISIONS.values())


@pytest.mark.parametrize(
    ("sector", "language", "expected"),
    [
        ("24", "de", "Metallerzeugung, Gießerei"),
        ("2451", "en", "Metals and foundries"),
        ("04", "de", None),
        (None, "de", None),
    ],
)
def test_a_class_is_named_by_its_division(
    sector: str | None, language: str, expected: str | None
):
    assert sectors.name(sector, language) == expected
