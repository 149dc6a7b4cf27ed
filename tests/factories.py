"""Rows for tests: each function makes one sensible row and takes what matters."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from app import db
from app.models import (
    Band,
    Company,
    CompanyStatus,
    Introduction,
    IntroductionSlot,
    Kind,
    Listing,
    Match,
    Person,
    Role,
    Round,
    RoundState,
    Side,
    State,
)
from app.services import introductions

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # in ISO week 2026-W48
PASSWORD = "ein langes Kennwort"
PASSWORD_HASH = (  # of PASSWORD; plain text in the tests' settings, quick
    PASSWORD
)


def add(*rows: Any) -> None:
    with db.transaction() as session:
        session.add_all(rows)


def company(**values: Any) -> Company:
    number = uuid4().hex[:6]
    row = Company(
        **{
            "id": uuid4(),
            "name": f"Gießerei {number} GmbH",
            "name_key": f"giesserei {number}",
            "status": CompanyStatus.APPROVED,
            "approved_at": MONDAY,
            "created_at": MONDAY,
            "onboarded_at": MONDAY,
            "place": "Ulm",
            "state": "DE-BW",
            "lat": 48.39841,
            "lon": 9.99155,
            "sector": "24",
            "size": "medium",
            "show_name": False,
        }
        | values
    )
    add(row)
    return row


def person(of: Company | None = None, *roles: str, **values: Any) -> Person:
    number = uuid4().hex[:8]
    row = Person(
        **{
            "id": uuid4(),
            "company_id": of.id if of else None,
            "name": f"Kim Muster {number}",
            "email": f"kim.{number}@firma.example",
            "phone": f"+49 731 {int(number, 16)}",
            "password": PASSWORD_HASH,
            "fs_uniquifier": uuid4().hex,
            "confirmed_at": MONDAY,
            "created_at": MONDAY,
            "active": True,
        }
        | values
    )
    with db.transaction() as session:
        names = roles or ("member",)
        row.roles = list(session.scalars(select(Role).where(Role.name.in_(names))))
        session.add(row)
    return row


def listing(of: Company, kind: Kind = Kind.NEED, **values: Any) -> Listing:
    text = (
        "Unser Ausschuss bei Gussteilen ist zu hoch, Risse sehen wir zu spät."
        if kind is Kind.NEED
        else "Wir prüfen Schmiedeteile seit 2023 mit Kameras auf Risse."
    )
    row = Listing(
        **{
            "id": uuid4(),
            "company_id": of.id,
            "kind": kind,
            "title": "Sichtprüfung",
            "text": text,
            "help_kinds": ["exp-exchange"],
            "valid_until": date(2027, 5, 1),
            "created_at": MONDAY,
            "updated_at": MONDAY,
        }
        | values
    )
    add(row)
    return row


def round_(week: str = "2026-W48", **values: Any) -> Round:
    row = Round(
        **{
            "id": uuid4(),
            "week": week,
            "state": RoundState.RELEASED,
            "seed": 1,
            "created_at": MONDAY,
            "computed_at": MONDAY,
            "released_at": MONDAY,
        }
        | values
    )
    add(row)
    return row


def introduction(
    of: Round | None = None,
    a: Company | None = None,
    b: Company | None = None,
    **values: Any,
) -> Introduction:
    """An introduction shown on MONDAY, with one match each way and its slots."""
    lo, hi = sorted((a or company(), b or company()), key=lambda one: one.id)
    week = of or round_()
    need, offering = listing(lo, Kind.NEED), listing(hi, Kind.OFFERING)
    other_need, other_offering = listing(hi, Kind.NEED), listing(lo, Kind.OFFERING)
    row = Introduction(
        **{
            "id": uuid4(),
            "round_id": week.id,
            "company_lo_id": lo.id,
            "company_hi_id": hi.id,
            "state": State.PROPOSED,
            "score": 0.6,
            "band": Band.GOOD,
            "created_at": MONDAY,
            "shown_at": MONDAY,
            "expires_at": MONDAY + timedelta(days=14),
        }
        | values
    )
    add(row)
    add(
        match(row.id, need.id, offering.id, Side.HI),
        match(row.id, other_need.id, other_offering.id, Side.LO),
        *(
            IntroductionSlot(
                round_id=week.id, company_id=one.id, slot=slot, introduction_id=row.id
            )
            for one in (lo, hi)
            for slot in [_free_slot(week.id, one.id)]
        ),
    )
    return row


def connection(**values: Any) -> tuple[UUID, dict[Side, UUID]]:
    """A connected introduction and the person of each side, met on MONDAY."""
    row = introduction(**values)
    companies = {Side.LO: row.company_lo_id, Side.HI: row.company_hi_id}
    identity, at = row.id, row.shown_at or MONDAY
    persons = {
        side: person(db.session().get_one(Company, company_id)).id
        for side, company_id in companies.items()
    }
    for one in persons.values():
        introductions.accept(identity, by=one, at=at)
    return identity, persons


def match(introduction: UUID, need: UUID, offering: UUID, giver: Side) -> Match:
    return Match(
        introduction_id=introduction,
        need_id=need,
        offering_id=offering,
        giver=giver,
        score=0.6,
        parts={"topic": 0.8, "text": 0.3, "region": 0.9, "help": 1.0, "fresh": 1.0},
        reasons=[
            {"code": "topic", "values": {"topics": ["app.prod.visual-inspection"]}}
        ],
    )


def _free_slot(round_id: UUID, company_id: UUID) -> int:
    taken = db.session().scalars(
        select(IntroductionSlot.slot).where(
            IntroductionSlot.round_id == round_id,
            IntroductionSlot.company_id == company_id,
        )
    )
    return max(taken, default=0) + 1
