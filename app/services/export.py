"""Everything that is stored about a person, and for whoever speaks for it about the
company: as sections of rows, to be written as JSON, tables and a page.

What it says of other companies is what the person's pages say and no more: it is read
through the same views (`introductions_views.py`), so the other side's decision is not
in it, and contacts are only where both accepted. Passwords and codes are left out.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.models import (
    AuditEvent,
    Company,
    ConsentEvent,
    DecisionAct,
    DecisionEvent,
    Feedback,
    Introduction,
    Listing,
    Meeting,
    OutboxMail,
    Person,
)
from app.services import companies, listings
from app.services.erasure import Consequences, consequences
from app.services.introductions_sides import Answer, SideOf, involving, sides
from app.services.introductions_views import Exchange, View, views

Row = dict[str, Any]

OWN_ACTS = (DecisionAct.ACCEPT, DecisionAct.DECLINE, DecisionAct.WITHDRAW)


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that all have the same fields."""

    key: str
    rows: list[Row]

    @property
    def fields(self) -> list[str]:
        return list(self.rows[0]) if self.rows else []


@dataclass(frozen=True, slots=True)
class _Reader:
    """For whom rows are collected."""

    person: Person
    stands: Consequences
    sides: list[SideOf]  # the introductions that are theirs to take along
    at: datetime

    @property
    def company(self) -> Company | None:
        """The company, if the person speaks for it."""
        return self.stands.company if self.stands.speaks else None


def collect(session: Session, person_id: UUID, *, at: datetime) -> list[Section]:
    """The sections in the order in which they are read; NotFound for an erased
    account."""
    stands = consequences(session, person_id)
    person = session.get_one(Person, person_id)
    reader = _Reader(person, stands, _own_sides(session, person, stands, at), at)
    return [Section(key, list(rows(session, reader))) for key, rows in SECTIONS.items()]


def _own_sides(
    session: Session, person: Person, stands: Consequences, at: datetime
) -> list[SideOf]:
    """All of the company for who speaks for it; else those the person decided."""
    if stands.company is None:
        return []
    found = sides(session, stands.company.id, at)
    if stands.speaks:
        return found
    decided = set(
        session.scalars(
            sa.select(DecisionEvent.introduction_id).where(
                DecisionEvent.person_id == person.id, DecisionEvent.act.in_(OWN_ACTS)
            )
        )
    )
    return [one for one in found if one.introduction_id in decided]


def _account(session: Session, reader: _Reader) -> Iterable[Row]:
    one = reader.person
    yield {
        "name": one.name,
        "position": one.position,
        "phone": one.phone,
        "email": one.email,
        "language": one.locale,
        "shows_email": one.release_email,
        "shows_phone": one.release_phone,
        "roles": [role.name for role in one.roles],
        "company": one.company.name if one.company else None,
        "seat": one.seat.value if one.company else None,
        "password_set": one.password is not None,
        "second_factor_set": one.tf_primary_method is not None,
        "created_at": one.created_at,
        "confirmed_at": one.confirmed_at,
    }


def _consents(session: Session, reader: _Reader) -> Iterable[Row]:
    for one in session.scalars(
        sa.select(ConsentEvent)
        .where(ConsentEvent.person_id == reader.person.id)
        .order_by(ConsentEvent.at, ConsentEvent.id)
    ):
        yield {
            "at": one.at,
            "mail": one.kind.value,
            "consent": one.action.value,
            "wording": one.wording,
            "source": one.source,
        }


def _decisions(session: Session, reader: _Reader) -> Iterable[Row]:
    for one in session.scalars(
        sa.select(DecisionEvent)
        .where(
            DecisionEvent.person_id == reader.person.id,
            DecisionEvent.act.in_(OWN_ACTS),
        )
        .order_by(DecisionEvent.at, DecisionEvent.id)
    ):
        yield {
            "at": one.at,
            "introduction": str(one.introduction_id),
            "act": one.act.value,
            "reason": one.reason,
        }


def _company(session: Session, reader: _Reader) -> Iterable[Row]:
    one = reader.company
    if one is None:
        return
    kept = (
        *("name", "status", "status_reason", "membership", "member_number", "place"),
        *("postal_code", "lat", "lon", "sector", "size", "stage", "areas"),
        *("languages", "about", "capacity", "max_open", "show_name", "no_paid"),
        *("no_competitors", "paused_until", "created_at", "approved_at"),
    )
    row = {name: _plain(getattr(one, name)) for name in kept}
    yield row | {"federal_state": one.state}


def _listings(session: Session, reader: _Reader) -> Iterable[Row]:
    stands = reader.stands
    if stands.company is None:
        return
    for one in listings.of_company(session, stands.company.id):
        if stands.speaks or one.author_id == reader.person.id:
            yield _listing(one, reader)


def _listing(one: Listing, reader: _Reader) -> Row:
    return {
        "kind": one.kind.value,
        "title": one.title,
        "text": one.text,
        "topics": [topic.topic_id for topic in one.topics],
        "help_kinds": one.help_kinds,
        "reach": one.reach.value,
        "radius_km": one.radius_km,
        "paid": one.paid.value,
        "status": one.status.value,
        "valid_until": one.valid_until,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "closed_at": one.closed_at,
        "written_by_you": one.author_id == reader.person.id,
    }


def _introductions(session: Session, reader: _Reader) -> Iterable[Row]:
    company = reader.stands.company
    # Who is suspended sees no contacts, and takes none along.
    contacts = company is not None and company.is_active
    for view in views(session, reader.sides, contacts=contacts):
        yield _introduction(view)


def _introduction(view: View) -> Row:
    contact = view.contact
    return {
        "introduction": str(view.id),
        "week": view.week,
        "standing": view.standing.value,
        "answer": None if view.answer is Answer.NONE else view.answer.value,
        "band": view.band.value,
        "company": view.company.name,
        "place": view.company.place,
        "sector": view.company.sector,
        "federal_state": view.company.state,
        "distance_km": view.company.distance_km,
        "shown_at": view.shown_at,
        "expires_at": view.expires_at,
        "connected_at": view.connected_at,
        "contact_name": contact.name if contact else None,
        "contact_position": contact.position if contact else None,
        "contact_email": contact.email if contact else None,
        "contact_phone": contact.phone if contact else None,
        "you_get": _texts(view.gets, lambda one: one.offering.text),
        "you_give": _texts(view.gives, lambda one: one.need.text),
    }


def _texts(of: Iterable[Exchange], text: Callable[[Exchange], str]) -> list[str]:
    return list(dict.fromkeys(text(one) for one in of))


def _meetings(session: Session, reader: _Reader) -> Iterable[Row]:
    side_of = {
        one.introduction_id: one.side for one in reader.sides if one.connected_at
    }
    rows = session.scalars(
        sa.select(Meeting)
        .join(Introduction, Introduction.id == Meeting.introduction_id)
        .where(_of_sides(reader, Introduction))
        .order_by(Meeting.proposed_at, Meeting.id)
    )
    for one in rows:
        if one.introduction_id in side_of:
            yield {
                "introduction": str(one.introduction_id),
                "meeting_state": one.state.value,
                "starts_at": one.starts_at,
                "minutes": one.minutes,
                "kind": one.kind.value,
                "note": one.note,
                "proposed_by_you": one.proposed_by is side_of[one.introduction_id],
                "proposed_at": one.proposed_at,
                "slots": [slot.isoformat() for slot in one.slots],
            }


def _feedback(session: Session, reader: _Reader) -> Iterable[Row]:
    side_of = {one.introduction_id: one.side for one in reader.sides}
    rows = session.scalars(
        sa.select(Feedback)
        .join(Introduction, Introduction.id == Feedback.introduction_id)
        .where(_of_sides(reader, Introduction))
        .order_by(Feedback.given_at, Feedback.id)
    )
    for one in rows:
        if one.side is not side_of.get(one.introduction_id):
            continue  # the other side's answer
        if reader.stands.speaks or one.person_id == reader.person.id:
            yield {
                "introduction": str(one.introduction_id),
                "given_at": one.given_at,
                "held": one.held,
                "outcome": _plain(one.outcome),
                "helpful": one.helpful,
                "sentence": one.sentence,
                "may_publish": one.may_publish,
            }


def _of_sides(reader: _Reader, table: Any) -> sa.ColumnElement[bool]:
    company = reader.stands.company
    return sa.false() if company is None else involving(company.id, table)


def _avoided(session: Session, reader: _Reader) -> Iterable[Row]:
    if reader.company is not None:
        for one in companies.avoided(session, reader.company.id):
            yield {"company": one.name}


def _mails(session: Session, reader: _Reader) -> Iterable[Row]:
    for one in session.scalars(
        sa.select(OutboxMail)
        .where(OutboxMail.person_id == reader.person.id)
        .order_by(OutboxMail.created_at, OutboxMail.id)
    ):
        yield {
            "mail": one.kind.value,
            "mail_state": one.state.value,
            "created_at": one.created_at,
            "sent_at": one.sent_at,
        }


def _log(session: Session, reader: _Reader) -> Iterable[Row]:
    """What the log says of the person or the company; who else did it is not in it."""
    about = [str(reader.person.id)]
    if reader.company is not None:
        about.append(str(reader.company.id))
    for one in session.scalars(
        sa.select(AuditEvent)
        .where(
            sa.or_(
                AuditEvent.subject_id.in_(about),
                AuditEvent.actor_id == reader.person.id,
            )
        )
        .order_by(AuditEvent.at, AuditEvent.id)
    ):
        mine = one.actor_id == reader.person.id
        said = mine or one.subject_kind == "company"
        yield {
            "at": one.at,
            "action": one.action,
            "done_by_you": mine,
            "detail": [f"{name}: {value}" for name, value in one.detail.items()]
            if said
            else [],
        }


def _plain(value: Any) -> Any:
    return getattr(value, "value", value)


SECTIONS: dict[str, Callable[[Session, _Reader], Iterable[Row]]] = {
    "account": _account,
    "consents": _consents,
    "company": _company,
    "listings": _listings,
    "introductions": _introductions,
    "decisions": _decisions,
    "meetings": _meetings,
    "feedback": _feedback,
    "avoided": _avoided,
    "mails": _mails,
    "log": _log,
}
