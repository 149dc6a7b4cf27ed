"""One-time links that sign a person in: for the first admin and the demo."""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app import db
from app.errors import NotFound
from app.models import Person, SignInLink
from app.services import audit

MINUTES = 30


def make(session: Session, person_id: UUID, *, at: datetime, minutes: int) -> str:
    """A token that signs the person in once within `minutes`; only its hash is kept."""
    token = secrets.token_urlsafe(32)
    session.add(
        SignInLink(
            token_hash=_hash(token),
            person_id=person_id,
            expires_at=at + timedelta(minutes=minutes),
        )
    )
    audit.record(
        session,
        "link.make",
        actor_id=None,
        subject=("person", person_id),
        detail={"minutes": minutes},
        at=at,
    )
    return token


def make_for(email: str, *, at: datetime, minutes: int = MINUTES) -> str:
    """As `make`, for the active person with this address."""
    with db.transaction() as session:
        person_id = session.scalar(
            select(Person.id).where(
                func.lower(Person.email) == email.lower(), Person.active
            )
        )
        if person_id is None:
            raise NotFound(f"Kein Konto mit der Adresse {email}.")
        return make(session, person_id, at=at, minutes=minutes)


def is_valid(session: Session, token: str, *, at: datetime) -> bool:
    """Whether the link would still sign somebody in; does not use it up."""
    return (
        session.scalar(
            select(func.count())
            .select_from(SignInLink)
            .where(
                SignInLink.token_hash == _hash(token),
                SignInLink.used_at.is_(None),
                SignInLink.expires_at > at,
            )
        )
        == 1
    )


def use(token: str, *, at: datetime) -> UUID | None:
    """Use the link up, in one statement; None if it was used or has expired."""
    with db.transaction() as session:
        return session.scalar(
            update(SignInLink)
            .where(
                SignInLink.token_hash == _hash(token),
                SignInLink.used_at.is_(None),
                SignInLink.expires_at > at,
            )
            .values(used_at=at)
            .returning(SignInLink.person_id)
        )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
