"""Where a company is, told so that it cannot be found by it: the region of a city."""

import math
from functools import lru_cache

from app.services import places
from app.services.places import Place

EARTH_RADIUS_KM = 6371.0088
CITY = 50_000  # people; a region named after a village would point at its companies
CLOSE_KM = 20
FARTHEST_KM = 60


def region_name(lat: float | None, lon: float | None) -> str | None:
    """The largest city within 20 km, else the nearest within 60 km, else None."""
    if lat is None or lon is None:
        return None
    around = [(_kilometres(lat, lon, one.lat, one.lon), one) for one in _cities()]
    close = [one for kilometres, one in around if kilometres <= CLOSE_KM]
    if close:  # the largest: not Wilhelmsburg, but Hamburg
        return max(close, key=lambda one: one.population).name
    kilometres, city = min(around, key=lambda pair: pair[0])
    return city.name if kilometres <= FARTHEST_KM else None


def distance_km(
    lat: float | None, lon: float | None, lat2: float | None, lon2: float | None
) -> int | None:
    """The great-circle distance in whole kilometres; None without both points."""
    if lat is None or lon is None or lat2 is None or lon2 is None:
        return None
    return round(_kilometres(lat, lon, lat2, lon2))


@lru_cache(maxsize=1)
def _cities() -> tuple[Place, ...]:
    return tuple(one for one in places.everywhere() if one.population >= CITY)


def _kilometres(lat: float, lon: float, lat2: float, lon2: float) -> float:
    a, b = math.radians(lat), math.radians(lat2)
    half = (
        math.sin((b - a) / 2) ** 2
        + math.cos(a) * math.cos(b) * math.sin(math.radians(lon2 - lon) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(half))
