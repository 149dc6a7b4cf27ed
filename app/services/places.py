"""German places: typed text -> place with state and coordinates.

Names, coordinates and populations are those of GeoNames (CC BY 4.0), reduced by
`tools/make_places.py`. Several places share a name: they are ranked by population,
and a typed name that fits more than one is asked back. Postal codes are known once
`flask places import` has brought them (`postal_codes`); until then the name beside
a code is read.
"""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import log10
from pathlib import Path

from rapidfuzz import fuzz, process

FILE = Path(__file__).parent.parent / "data" / "places.csv"
CODES = "postal_codes.csv"  # in DATA_DIR

CLOSE_ENOUGH = 78  # of 100: below, a name is another name
FAR_LARGER = 20  # times as many people: the one that is meant without more words
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
STATE_NAMES = {
    "DE-BW": "Baden-Württemberg",
    "DE-BY": "Bayern",
    "DE-BE": "Berlin",
    "DE-BB": "Brandenburg",
    "DE-HB": "Bremen",
    "DE-HH": "Hamburg",
    "DE-HE": "Hessen",
    "DE-MV": "Mecklenburg-Vorpommern",
    "DE-NI": "Niedersachsen",
    "DE-NW": "Nordrhein-Westfalen",
    "DE-RP": "Rheinland-Pfalz",
    "DE-SL": "Saarland",
    "DE-SN": "Sachsen",
    "DE-ST": "Sachsen-Anhalt",
    "DE-SH": "Schleswig-Holstein",
    "DE-TH": "Thüringen",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A place of Germany; `state` is ISO 3166-2, the point WGS 84 in degrees."""

    id: int
    name: str
    state: str
    lat: float
    lon: float
    population: int
    english: str = ""

    @property
    def label(self) -> str:
        return f"{self.name} ({STATE_NAMES[self.state]})"


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several places fit what was typed; the largest first."""

    places: tuple[Place, ...]


def everywhere() -> tuple[Place, ...]:
    """All places, by name."""
    return _index().places


def resolve(text: str) -> Place | Ambiguous | None:
    """Return the place that a typed text names exactly, as name or as label.

    Upper and lower case, umlauts or ae/oe/ue do not matter. A place that is 20 times
    as large as all others of its name is meant by the name alone. A postal code names
    its place, more nearly than the name; a name beside it tells places of one code
    apart.
    """
    code, wanted = _parts(text)
    if code:
        coded = [
            one
            for one in _codes().by_code.get(code, [])
            if not wanted or fold(one.name).startswith(wanted)
        ]
        if coded:
            return coded[0] if len(coded) == 1 else Ambiguous(tuple(coded))
    if not wanted:
        return None
    by_label = _index().by_label.get(wanted, []) or _codes().by_label.get(wanted, [])
    if by_label:
        return by_label[0]  # the largest of its name in the state
    found = _index().by_name.get(wanted, [])
    if not found:
        return None
    if len(found) == 1 or found[0].population >= FAR_LARGER * found[1].population:
        return found[0]
    return Ambiguous(tuple(found))


def search(text: str, limit: int = 8) -> list[Place]:
    """Return places that fit a typed beginning or a misspelt name, the likeliest first.

    What begins as typed comes first, by population; then what is spelt alike. Digits
    are the beginning of a postal code.
    """
    code, wanted = _parts(text)
    if code:
        coded = [
            place
            for other, found in _codes().by_code.items()
            if other.startswith(code)
            for place in found
        ]
        by_label = {one.label: one for one in coded}
        if by_label:
            return list(by_label.values())[:limit]
    if not wanted:
        return []
    index = _index()
    begins = [place for key, place in index.keyed if key.startswith(wanted)]
    begins.sort(key=lambda place: (fold(place.name) != wanted, -place.population))
    found = _unique(begins)[:limit]
    if len(found) < limit and len(wanted) >= 3:
        alike = process.extract(
            wanted,
            index.names,
            scorer=fuzz.ratio,
            score_cutoff=CLOSE_ENOUGH,
            limit=limit * 2,
        )
        scored = [
            (place, score) for name, score, _ in alike for place in index.by_name[name]
        ]
        # Of two names as alike the larger place is meant: ten times the people
        # weigh as much as a few points of likeness.
        scored.sort(key=lambda one: -(one[1] + 4 * log10(one[0].population + 1)))
        more = [place for place, _ in scored]
        found = _unique([*found, *more])[:limit]
    return found


def fold(text: str) -> str:
    """Lower case, umlauts as two letters, one blank between words."""
    plain = text.lower().translate(UMLAUTS).replace("st. ", "sankt ")
    return " ".join(plain.replace("-", " ").replace("/", " ").split())


def look_in(data_dir: Path) -> None:
    """Know the postal codes that were imported into this folder from now on."""
    _Imported.file = data_dir / CODES


def _parts(text: str) -> tuple[str, str]:
    """Split a typed text into the digits it begins with and the folded rest."""
    found = re.match(r"\s*(?:D-?)?(\d{2,5})\b(.*)", text)
    return (found[1], fold(found[2])) if found else ("", fold(text))


class _Imported:
    """Where imported postal codes are; None: nowhere."""

    file: Path | None = None


@dataclass(frozen=True)
class _Codes:
    by_code: dict[str, list[Place]]
    by_label: dict[str, list[Place]]


def _codes() -> _Codes:
    file = _Imported.file
    if file is None or not file.exists():
        return _Codes({}, {})
    return _codes_of(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _codes_of(file: Path, changed: int) -> _Codes:
    by_code: dict[str, list[Place]] = {}
    by_label: dict[str, list[Place]] = {}
    with file.open(newline="", encoding="utf-8") as rows:
        for number, row in enumerate(csv.DictReader(rows)):
            place = Place(
                id=-1 - number,  # apart from those of the file of names
                name=row["name"],
                state=row["state"],
                lat=float(row["lat"]),
                lon=float(row["lon"]),
                population=0,
            )
            by_code.setdefault(row["code"], []).append(place)
            by_label.setdefault(fold(place.label), []).append(place)
    return _Codes(by_code, by_label)


@dataclass(frozen=True)
class _Index:
    places: tuple[Place, ...]
    keyed: list[tuple[str, Place]]
    by_name: dict[str, list[Place]]
    by_label: dict[str, list[Place]]
    names: list[str]


@lru_cache(maxsize=1)
def _index() -> _Index:
    places = tuple(_read(FILE))
    by_name: dict[str, list[Place]] = {}
    by_label: dict[str, list[Place]] = {}
    for place in sorted(places, key=lambda one: -one.population):
        for name in filter(None, (place.name, place.english)):
            by_name.setdefault(fold(name), []).append(place)
        by_label.setdefault(fold(place.label), []).append(place)
    keyed = [(key, place) for key, found in by_name.items() for place in found]
    return _Index(places, keyed, by_name, by_label, list(by_name))


def _read(file: Path) -> Iterable[Place]:
    with file.open(newline="", encoding="utf-8") as rows:
        for number, row in enumerate(csv.DictReader(rows)):
            yield Place(
                id=number,
                name=row["name"],
                state=row["state"],
                lat=float(row["lat"]),
                lon=float(row["lon"]),
                population=int(row["population"]),
                english=row["english"],
            )


def _unique(places: Iterable[Place]) -> list[Place]:
    return list({place.id: place for place in places}.values())
