"""How many companies could fit a text that is being typed: an index for the form.

An answer for the form, not a round: it counts companies with an open listing of the
other kind whose content is alike enough, and those of them that are near. Exclusions
and capacities are left to the round. One process builds and saves the index, all
others map the same files into their memory.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from matching.keys import company_keys
from matching.settings import Settings
from matching.topics import TextVectors
from matching.types import Company, Listing

NEAR_KM = 100.0
EARTH_KM = 6371.0088
KINDS = ("need", "offering")
PARTS = ("data", "indices", "indptr")


class Side(NamedTuple):
    """The open listings of one kind.

    Topics stand the other way round, so that a text with a few topics reads only the
    listings that have them.
    """

    topics: sp.csr_array  # (n_topics, n)
    words: sp.csr_array  # (n, n_words)
    company: npt.NDArray[np.int32]  # (n,)


class Places(NamedTuple):
    """The companies behind the listings."""

    key: npt.NDArray[np.uint64]  # of their names
    points: npt.NDArray[np.float64]  # (n, 2): degrees, NaN where unknown
    taking: npt.NDArray[np.bool_]  # whether they take introductions now


class LiveIndex:
    """Open listings and their places, ready to be counted.

    Made by `build` or `open`.
    """

    def __init__(
        self, sides: dict[str, Side], places: Places, settings: Settings | None = None
    ) -> None:
        self.settings = settings or Settings()
        self._sides = sides
        self._places = places

    @classmethod
    def build(
        cls,
        listings: Sequence[Listing],
        companies: Sequence[Company],
        vectors: TextVectors,
        names: Sequence[str] | None = None,
    ) -> "LiveIndex":
        """Index open listings.

        Parameters
        ----------
        listings, companies : sequences of records
        vectors : TextVectors
            Rows as `listings`, from the model that will read the typed texts.
        names : sequence of str, optional
            What companies are called when they ask; their ids unless told otherwise.
        """
        at = {one.id: number for number, one in enumerate(companies)}
        sides = {}
        for kind in KINDS:
            rows = [
                row
                for row, one in enumerate(listings)
                if one.kind == kind and one.company in at
            ]
            some = vectors[np.array(rows, np.int64)]
            sides[kind] = Side(
                sp.csr_array(some.topics.T),
                sp.csr_array(some.words),
                np.array([at[str(listings[row].company)] for row in rows], np.int32),
            )
        points = [(one.lat, one.lon) for one in companies]
        places = Places(
            company_keys([one.id for one in companies] if names is None else names),
            np.array(
                [(np.nan, np.nan) if None in pair else pair for pair in points],
                np.float64,
            ).reshape(-1, 2),
            np.array(
                [one.capacity > 0 and not one.paused for one in companies], np.bool_
            ),
        )
        return cls(sides, places)

    def save(self, folder: Path) -> None:
        """Write the arrays into a new folder, one file each."""
        folder.mkdir(parents=True)
        for name, array in self._arrays().items():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)

    @classmethod
    def open(cls, folder: Path, settings: Settings | None = None) -> "LiveIndex":
        """Map what `save` wrote into memory, which all processes then share.

        Raises OSError if the folder is not (or no longer) there.
        """

        def array(name: str) -> npt.NDArray[Any]:
            file = folder / f"{name}.npy"
            mapped: npt.NDArray[Any] = np.load(file, mmap_mode="r", allow_pickle=False)
            return mapped

        def matrix(name: str) -> sp.csr_array:
            data, indices, start = (array(f"{name}.{part}") for part in PARTS)
            rows, columns = array(f"{name}.shape").tolist()
            return sp.csr_array((data, indices, start), (rows, columns), copy=False)

        sides = {
            kind: Side(
                matrix(f"{kind}.topics"),
                matrix(f"{kind}.words"),
                array(f"{kind}.company"),
            )
            for kind in KINDS
        }
        return cls(sides, Places(*map(array, Places._fields)), settings)

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        found: dict[str, npt.NDArray[Any]] = dict(self._places._asdict())
        for kind, side in self._sides.items():
            found[f"{kind}.company"] = side.company
            for name in ("topics", "words"):
                rows = getattr(side, name)
                found[f"{kind}.{name}.shape"] = np.array(rows.shape, np.int64)
                for part in PARTS:
                    found[f"{kind}.{name}.{part}"] = getattr(rows, part)
        return found

    def count(
        self,
        vectors: TextVectors,
        kind: str,
        lat: float | None,
        lon: float | None,
        reach: str,
        radius_km: float | None,
        but: str = "",
    ) -> tuple[int, int]:
        """Return how many companies could fit the first row, and how many are near.

        Near is within 100 km. On-site help counts only up to twice the radius, as a
        round would. Without a place nothing is near, and distance does not matter.
        The company named `but` is who asks.
        """
        side = self._sides["offering" if kind == "need" else "need"]
        key, points, taking = self._places
        fits = taking & (key != company_keys([but])[0])
        near = np.zeros(len(fits), np.bool_)
        if lat is not None and lon is not None:
            km = _kilometres(points, lat, lon)
            near = km <= NEAR_KM
            if reach == "onsite" and radius_km is not None:
                fits &= km <= 2 * radius_km
        found = self._alike(side, vectors, fits)
        return int(found.sum()), int((found & near).sum())

    def _alike(
        self, side: Side, vectors: TextVectors, among: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.bool_]:
        """Return which companies have a listing whose content reaches the floor.

        Texts are compared only where the topics alone do not settle it.
        """
        settings = self.settings
        found = np.zeros(len(among), np.bool_)
        topic = (vectors.topics[[0]] @ side.topics).toarray().ravel()
        spoken = np.flatnonzero(topic >= settings.least_topic)
        rows = spoken[among[side.company[spoken]]]
        settled = (1 - settings.text_share) * topic[rows] >= settings.floor
        found[side.company[rows[settled]]] = True
        rows = rows[~found[side.company[rows]]]
        # One dense text: a sparse one would be looked up in every row.
        text = side.words[rows] @ vectors.words[[0]].toarray().ravel()
        content = (1 - settings.text_share) * topic[rows] + settings.text_share * text
        found[side.company[rows[content >= settings.floor]]] = True
        return found


def _kilometres(
    points: npt.NDArray[np.float64], lat: float, lon: float
) -> npt.NDArray[np.float64]:
    """Great-circle distances (haversine); companies without a place are far away."""
    here, there = np.radians([lat, lon]), np.radians(points)
    half = np.sin((there - here) / 2) ** 2
    chord = half[:, 0] + np.cos(there[:, 0]) * np.cos(here[0]) * half[:, 1]
    km = 2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(chord, 0, 1)))
    return np.where(np.isnan(km), np.inf, km)
