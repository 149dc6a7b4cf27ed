"""Is this my company? Names folded to what identifies a company, and near misses."""

import re
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
    wanted = key(name)
    if len(wanted) < SHORTEST_TYPED:
        return []
    rows = session.execute(
        select(Company.id, Company.name, Company.place, Company.name_key)
        .where(
            Company.status.in_((CompanyStatus.APPROVED, CompanyStatus.APPLIED)),
            Company.name_key != "",
        )
        .order_by(Company.name)
    ).all()
    hits = process.extract(
        wanted,
        [row.name_key for row in rows],
        scorer=fuzz.WRatio,
        score_cutoff=NEAR,
        limit=limit,
    )
    return [
        Similar(rows[index].id, rows[index].name, rows[index].place)
        for _, _, index in hits
    ]


def duplicates(session: Session, company: Company, *, limit: int = 3) -> list[Similar]:
    """Other companies with a near name: for those who approve."""
    found = similar(session, company.name, limit=limit + 1)
    return [one for one in found if one.id != company.id][:limit]
