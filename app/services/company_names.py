"""Is this my company? Names folded to what identifies a company, and near misses."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from rapidfuzz import fuzz, process
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Company, CompanyStatus

NEAR = 87  # points of rapidfuzz's WRatio; below it, names share a common word only
SHORTEST_TYPED = 3

_FOLDED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "&": " "})
# Longest first, so that "gmbh co kg" goes before "gmbh". Written without punctuation.
_LEGAL_FORMS = (
    *("ug haftungsbeschraenkt co kg", "ug haftungsbeschraenkt", "gmbh co kgaa"),
    *("gmbh co kg", "gmbh co ohg", "ag co kgaa", "ag co kg", "se co kgaa", "se co kg"),
    *("partg mbb", "partgmbb", "partg", "ggmbh", "gmbh", "mbh", "kgaa", "gug", "ug"),
    *("ag", "se", "kg", "ohg", "gbr", "eg", "e g", "ev", "e v", "ek", "e k", "e kfm"),
    *("ltd", "inc", "co kg", "und co", "und co kg", "u co kg", "aoer", "kdoer"),
)
_LEGAL_END = re.compile(
    r"(?: (?:" + "|".join(sorted(_LEGAL_FORMS, key=len, reverse=True)) + r"))+$"
)


@dataclass(frozen=True)
class Similar:
    """A company somebody may mean by what they typed."""

    id: UUID
    name: str
    place: str | None


def key(name: str) -> str:
    """The name without case, umlauts, punctuation and legal form.

    A name that is nothing but a legal form stays as it is.

    >>> key("Gießerei Müller GmbH & Co. KG")
    'giesserei mueller'
    """
    plain = re.sub(r"[^a-z0-9]+", " ", name.casefold().translate(_FOLDED)).strip()
    return (_LEGAL_END.sub("", plain) or plain)[:200]


def similar(session: Session, name: str, *, limit: int = 3) -> list[Similar]:
    """Companies whose names are near `name`, nearest first, ties by the alphabet.

    Companies that were refused or have left are not shown.
    """
    return similar_to_each(session, [name], limit=limit)[0]


def similar_to_each(
    session: Session, names: Sequence[str], *, limit: int = 3
) -> list[list[Similar]]:
    """As `similar`, for many names at once; one list per name."""
    known = (
        Company.status.in_((CompanyStatus.APPROVED, CompanyStatus.APPLIED)),
        Company.name_key != "",
    )
    wanted = [key(name) for name in names]
    if all(len(one) < SHORTEST_TYPED for one in wanted):
        return [[] for _ in wanted]
    # Keys alone first: whole rows of a large register take ten times as long.
    keys = session.scalars(
        select(Company.name_key).where(*known).distinct().order_by(Company.name_key)
    ).all()
    near = [_nearest(one, keys, limit) for one in wanted]
    rows = session.execute(
        select(Company.id, Company.name, Company.place, Company.name_key)
        .where(*known, Company.name_key.in_({one for some in near for one in some}))
        .order_by(Company.name, Company.id)
    ).all()
    return [
        [
            Similar(row.id, row.name, row.place)
            for one in some
            for row in rows
            if row.name_key == one
        ][:limit]
        for some in near
    ]


def _nearest(wanted: str, keys: Sequence[str], limit: int) -> list[str]:
    if len(wanted) < SHORTEST_TYPED:
        return []
    hits = process.extract(
        wanted, keys, scorer=fuzz.WRatio, score_cutoff=NEAR, limit=limit
    )
    return [found for found, _, _ in hits]


def namesakes(
    session: Session, companies: Sequence[Company], *, limit: int = 3
) -> list[list[Similar]]:
    """For each company the others with a near name: for those who approve."""
    names = [one.name for one in companies]
    found = similar_to_each(session, names, limit=limit + 1)
    return [
        [other for other in near if other.id != one.id][:limit]
        for one, near in zip(companies, found, strict=True)
    ]
