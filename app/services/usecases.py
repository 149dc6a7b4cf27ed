"""Typical use cases of the knowledge base: an overview by area, sector and words."""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz, process

from app.errors import NotFound
from matching import knowledge
from matching.knowledge import UseCase

PER_PAGE = 24
LEAST_FUZZY = 78  # rapidfuzz points; below it, hits are chance
FOLDED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@dataclass(frozen=True)
class Area:
    """A field of the taxonomy that use cases are grouped by."""

    id: str
    name: str
    count: int


@dataclass(frozen=True)
class Found:
    """One page of use cases and how many there are in all."""

    cases: list[UseCase]
    total: int
    page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PER_PAGE))


def areas(language: str) -> list[Area]:
    """Application fields first, one area each, then the other branches as a whole."""
    known = knowledge.load()
    counts = Counter(area_of(case) for case in known.use_cases)
    ordered = sorted(
        (topic for topic in known.topics if counts[topic.id]),
        key=lambda topic: topic.parent != "app",
    )
    return [
        Area(one.id, one.en if language == "en" else one.de, counts[one.id])
        for one in ordered
    ]


def area_of(case: UseCase) -> str:
    """The id of the area a case belongs to: `app.prod` within `app`, else the root."""
    parts = case.topics[0].split(".")
    return ".".join(parts[:2]) if parts[0] == "app" else parts[0]


def find(
    *,
    area: str = "",
    sector: str = "",
    words: str = "",
    page: int = 1,
) -> Found:
    """Cases of an area and sector that contain all the words, umlauts or not.

    If no case does, the nearest titles are found in spite of typing errors. Unknown
    areas and sectors find nothing; a page beyond the last is the last.
    """
    cases = [
        case
        for case in knowledge.load().use_cases
        if (not area or area_of(case) == area)
        and (not sector or sector in case.sectors)
    ]
    wanted = fold(words).split()
    if wanted:
        exact = [one for one in cases if all(word in _text(one) for word in wanted)]
        cases = exact or _nearest(cases, fold(words))
    last = max(1, -(-len(cases) // PER_PAGE))
    page = min(max(page, 1), last)
    return Found(cases[(page - 1) * PER_PAGE : page * PER_PAGE], len(cases), page)


def get(use_case_id: str) -> UseCase:
    """Raises NotFound for an id that the knowledge base does not have."""
    case = knowledge.load().use_case.get(use_case_id)
    if case is None:
        raise NotFound
    return case


def related(case: UseCase, limit: int = 3) -> list[UseCase]:
    """Other cases with the most topics in common; ties keep the files' order."""
    others = [one for one in knowledge.load().use_cases if one.id != case.id]
    mine = set(case.topics)
    return sorted(others, key=lambda one: -len(mine & set(one.topics)))[:limit]


def fold(text: str) -> str:
    return text.casefold().translate(FOLDED)


@lru_cache(maxsize=1024)
def _text(case: UseCase) -> str:
    parts = (
        case.title_de,
        case.title_en,
        *case.sectors,
        *case.terms_de,
        case.benefit_de,
    )
    return fold(" ".join((*parts, *case.needs_de, *case.needs_en, *case.offers_de)))


def _nearest(cases: list[UseCase], words: str) -> list[UseCase]:
    titles = [fold(f"{case.title_de} {case.title_en}") for case in cases]
    hits = process.extract(
        words, titles, scorer=fuzz.partial_ratio, score_cutoff=LEAST_FUZZY, limit=12
    )
    return [cases[index] for _, _, index in hits]
