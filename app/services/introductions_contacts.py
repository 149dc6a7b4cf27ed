"""Contact data of another company: read through a release, or not at all."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import db
from app.errors import N_, Invalid, NotAllowed, NotFound
from app.models import (
    Block,
    Company,
    ContactRelease,
    Introduction,
    Person,
    Role,
    RoleName,
    Side,
)
from app.services import audit, texts
from app.services.introductions_sides import visible_to

LONGEST_REASON = 200

READ = "introduction.contact_read"


@dataclass(frozen=True, slots=True)
class ContactCard:
    """What the person of the other side chose to show."""

    company: str
    place: str | None
    name: str
    position: str | None
    email: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class Contact:
    """What a person lets the other side see once both have accepted."""

    email: bool
    phone: bool


def contact_card(
    session: Session, introduction_id: UUID, side: Side
) -> ContactCard | None:
    """What was released to this side; None before both accepted, after the person
    left, and when the pair was blocked since."""
    row = session.execute(
        _cards().where(
            ContactRelease.introduction_id == introduction_id,
            ContactRelease.to_side == side,
        )
    ).one_or_none()
    return ContactCard(*row) if row else None


def note_read(introduction_id: UUID, *, by: UUID, at: datetime) -> None:
    """Keep that a person looked at released contact data, the first time."""
    subject = ("introduction", introduction_id)
    with db.transaction() as session:
        seen = visible_to(session, by, introduction_id, at=at)
        if contact_card(session, introduction_id, seen.side) is None:
            return
        earlier = audit.of_subject(session, subject)
        if not any(one.action == READ and one.actor_id == by for one in earlier):
            audit.record(session, READ, actor_id=by, subject=subject, at=at)


def reveal(
    introduction_id: UUID, reason: str, *, by: UUID, at: datetime
) -> list[ContactCard]:
    """Show an organizer the released contacts; who asked and why is kept.

    Raises NotAllowed, Invalid without a reason, NotFound.
    """
    reason = texts.plain(reason, field="reason", longest=LONGEST_REASON)
    if not reason:
        raise Invalid(N_("Bitte nennen Sie den Grund."), field="reason")
    with db.transaction() as session:
        roles = (RoleName.ORGANIZER, RoleName.ADMIN)
        if not session.scalar(
            sa.select(
                sa.exists().where(
                    Person.id == by,
                    Person.active,
                    Person.roles.any(Role.name.in_(roles)),
                )
            )
        ):
            raise NotAllowed
        rows = session.execute(
            _cards()
            .where(ContactRelease.introduction_id == introduction_id)
            .order_by(ContactRelease.to_side)
        ).all()
        if not rows:
            raise NotFound
        audit.record(
            session,
            "introduction.reveal",
            actor_id=by,
            subject=("introduction", introduction_id),
            detail={"reason": reason},
            at=at,
        )
        return [ContactCard(*row) for row in rows]


def choose_contact(session: Session, person_id: UUID, contact: Contact) -> None:
    """Change what connected companies see of a person; Invalid if nothing is left."""
    phone = session.scalar(sa.select(Person.phone).where(Person.id == person_id))
    if not contact.email and not (contact.phone and phone):
        raise Invalid(
            N_("Bitte lassen Sie mindestens einen Weg zu, Sie zu erreichen."),
            field="contact",
        )
    session.execute(
        sa.update(Person)
        .where(Person.id == person_id)
        .values(release_email=contact.email, release_phone=contact.phone)
        .execution_options(synchronize_session=False)
    )


def _cards() -> sa.Select[Any]:
    blocked = sa.exists().where(
        Block.company_lo_id == Introduction.company_lo_id,
        Block.company_hi_id == Introduction.company_hi_id,
    )
    return (
        sa.select(
            Company.name,
            Company.place,
            Person.name,
            Person.position,
            sa.case((Person.release_email, Person.email)),
            sa.case((Person.release_phone, Person.phone)),
        )
        .select_from(ContactRelease)
        .join(Introduction, Introduction.id == ContactRelease.introduction_id)
        .join(Person, Person.id == ContactRelease.person_id)
        .join(Company, Company.id == Person.company_id)
        .where(Person.erased_at.is_(None), sa.not_(blocked))
    )
