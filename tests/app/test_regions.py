"""Regions and distances."""

import pytest

from app.services.regions import distance_km, region_name


@pytest.mark.parametrize(
    ("lat", "lon", "city"),
    [
        (48.39841, 9.99155, "Ulm"),
        (48.4119, 9.7850, "Ulm"),  # Blaubeuren, 17 km away
        (48.1374, 11.5755, "München"),
        (53.5000, 10.0000, "Hamburg"),  # Wilhelmsburg, a part of it
        (48.3925, 10.0112, "Ulm"),  # Neu-Ulm, across the river
        (53.2, 7.8, "Oldenburg"),  # 29 km away
        (None, None, None),
        (0.0, 0.0, None),
    ],
)
def test_a_region_is_named_after_a_city_nearby(
    lat: float | None, lon: float | None, city: str | None
):
    assert region_name(lat, lon) == city


def test_distances_are_those_of_the_globe():
    ulm, hamburg = (48.39841, 9.99155), (53.57532, 10.01534)

    assert distance_km(*ulm, *hamburg) == distance_km(*hamburg, *ulm) == 576
    assert distance_km(*ulm, *ulm) == 0
    assert distance_km(*ulm, None, None) is None
