"""How many companies could fit a text that is being typed: an index in memory.

An answer for the form, not a round: it counts companies with an open listing of the
other kind whose content is alike enough, and those of them that are near. Exclusions
and capacities are left to the round.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from matching.settings import Settings
from matching.topics import TextVectors
from matching.types import Company, Listing

NEAR_KM = 100.0
EARTH_KM = 6371.0088


class LiveIndex:
    """Open listings and their places, ready to be counted.

    Parameters
    ----------
    listings, companies : sequences of records
    vectors : TextVectors
        Rows as `listings`, from the model that will read the typed texts.
    settings : Settings, optional
        Floor and shares, as in a round.
    """

    def __init__(
        self,
        listings: Sequence[Listing],
        companies: Sequence[Company],
        vectors: TextVectors,
        settings: Settings | None = None,
    ) -> None:
        self.settings = settings or Settings()
        at = {one.id: number for number, one in enumerate(companies)}
        known = np.array([one.company in at for one in listings], np.bool_)
        self._vectors = vectors[np.flatnonzero(known)]
        kept = [one for one in listings if one.company in at]
        self._company = np.array([at[str(one.company)] for one in kept], np.int64)
        self._is_need = np.array([one.kind == "need" for one in kept], np.bool_)
        points = [(one.lat, one.lon) for one in companies]
        self._points = np.array(
            [(np.nan, np.nan) if None in pair else pair for pair in points], np.float64
        ).reshape(-1, 2)
        self._taking = np.array(
            [one.capacity > 0 and not one.paused for one in companies], np.bool_
        )

    def count(
        self,
        vectors: TextVectors,
        kind: str,
        lat: float | None,
        lon: float | None,
        state: str | None,
        reach: str,
        radius_km: float | None,
    ) -> tuple[int, int]:
        """Return how many companies could fit the first row, and how many are near.

        Near is within 100 km. On-site help counts only up to twice the radius, as a
        round would. Without a place nothing is near, and distance does not matter.
        """
        wanted = np.flatnonzero(self._is_need != (kind == "need"))
        topic = self._cosine(self._vectors.topics, vectors.topics, wanted)
        spoken = topic >= self.settings.least_topic
        wanted, topic = wanted[spoken], topic[spoken]
        text = self._cosine(self._vectors.words, vectors.words, wanted)
        share = self.settings.text_share
        alike = (1 - share) * topic + share * text >= self.settings.floor
        found = np.unique(self._company[wanted[alike]])
        found = found[self._taking[found]]
        if lat is None or lon is None:
            return len(found), 0
        km = _kilometres(self._points[found], lat, lon)
        if reach == "onsite" and radius_km is not None:
            found, km = found[km <= 2 * radius_km], km[km <= 2 * radius_km]
        return len(found), int((km <= NEAR_KM).sum())

    @staticmethod
    def _cosine(
        many: object, one: object, rows: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        product = many[rows] @ one[[0]].T  # type: ignore[index]
        return np.asarray(product.toarray(), np.float64).ravel()


def _kilometres(
    points: npt.NDArray[np.float64], lat: float, lon: float
) -> npt.NDArray[np.float64]:
    """Great-circle distances (haversine); companies without a place are far away."""
    here, there = np.radians([lat, lon]), np.radians(points)
    half = np.sin((there - here) / 2) ** 2
    chord = half[:, 0] + np.cos(there[:, 0]) * np.cos(here[0]) * half[:, 1]
    km = 2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(chord, 0, 1)))
    return np.where(np.isnan(km), np.inf, km)
