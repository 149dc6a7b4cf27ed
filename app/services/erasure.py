"""Delete an account or a company: who may, what follows, and who is told.

Rows that others refer to stay as tombstones: an id without a name. Everything that
says something about the erased is overwritten or deleted in the same transaction
(`erasure_rows.py`); a row of `erasure`, and a file beside the database
(`erasure_log.py`), remember the id, so that a restored backup can be erased again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import db
from app.errors import LastAdmin, NotFound
from app.models import (
    Company,
    Erasure,
    ErasureKind,
    MailKind,
    Person,
    Role,
    RoleName,
)
from app.services import members, outbox
from app.services.erasure_rows import forget_company, forget_person

__all__ = [
    "Consequences",
    "consequences",
    "erase_account",
    "erase_again",
    "erase_company",
    "repeat",
    "scrubbed",
    "unscrubbed",
]


@dataclass(frozen=True, slots=True)
class Consequences:
    """What deleting an account would mean for its company."""

    company: Company | None  # the company the person sits in
    speaks: bool  # may delete the company, and gets its data
    speaker: Person | None  # who does, if it is another
    colleagues: list[Person]  # who stay
    is_last: bool  # the company goes with the account
    last_admin: bool  # nobody else could run the service: refused


def consequences(session: Session, person_id: UUID) -> Consequences:
    """Where a person stands in their company; NotFound for an erased account."""
    person = session.get(Person, person_id)
    if person is None or person.erased_at is not None:
        raise NotFound
    last_admin = _is_last_admin(session, person)
    if not person.sits or person.company is None or person.company.is_erased:
        return Consequences(None, False, None, [], False, last_admin)
    company = person.company
    others = [
        one for one in members.colleagues(session, company.id) if one.id != person_id
    ]
    speaker = members.responsible(session, company.id)
    speaks = speaker is None or speaker.id == person_id
    return Consequences(
        company, speaks, None if speaks else speaker, others, not others, last_admin
    )


def erase_account(person_id: UUID, *, at: datetime, tell: bool = True) -> bool:
    """Delete an account, and its company if nobody else sits there. False if that was
    done before; NotFound if there never was one, LastAdmin for the last one."""
    with db.transaction() as session:
        person = _locked(session, person_id)
        if person is None:
            return False
        stands = consequences(session, person_id)
        if stands.last_admin:
            raise LastAdmin
        reached = tell and person.confirmed_at is not None
        params = {"address": person.email, "locale": person.locale}
        if stands.is_last and stands.company is not None:
            _erase_company(session, stands.company.id, at, but=person_id, tell=tell)
        _erase_person(session, person_id, at)
        if reached:
            event = "account_company" if stands.is_last else "account"
            _tell(session, person_id, {"event": event, **params}, at)
        return True


def erase_company(*, by: UUID, at: datetime, with_account: bool = False) -> None:
    """Delete a company; colleagues keep their accounts and are told. Only for whoever
    speaks for it: NotFound for all others."""
    with db.transaction() as session:
        person = _locked(session, by)
        if person is None:
            raise NotFound
        stands = consequences(session, by)
        if stands.company is None or not stands.speaks:
            raise NotFound
        if with_account and stands.last_admin:
            raise LastAdmin
        params = {"event": "company_own"}
        if with_account:
            params = {
                "event": "account_company",
                "address": person.email,
                "locale": person.locale,
            }
        _erase_company(session, stands.company.id, at, but=by)
        if with_account:
            _erase_person(session, by, at)
        _tell(session, by, params, at)


def erase_again(kind: ErasureKind, subject_id: UUID, *, at: datetime) -> bool:
    """Erase what a log of erasures names, after a backup brought it back; nobody is
    told. False if it is not there, or erased already.

    A person's company stays unless it is named itself: who joined it after the backup
    is not there, so it may look as if nobody else did.
    """
    with db.transaction() as session:
        if kind is ErasureKind.PERSON:
            if session.get(Person, subject_id) is None:
                return False
            if _locked(session, subject_id) is None:
                return False
            _erase_person(session, subject_id, at)
            return True
        _lock_company(session, subject_id)
        company = session.get(Company, subject_id, populate_existing=True)
        if company is None or company.is_erased:
            return False
        _erase_company(session, subject_id, at, tell=False)
        return True


def unscrubbed(session: Session) -> list[Erasure]:
    """Erasures whose traces may still stand in the files of the database."""
    return list(
        session.scalars(
            sa.select(Erasure)
            .where(Erasure.scrubbed_at.is_(None))
            .order_by(Erasure.at, Erasure.subject_id)
        )
    )


def repeat(session: Session, done: Erasure, *, at: datetime) -> None:
    """Overwrite once more: a request that was under way at the time of the erasure
    may have written after it."""
    if done.kind is ErasureKind.COMPANY:
        forget_company(session, done.subject_id, at=done.at, now=at)
    else:
        forget_person(session, done.subject_id, at=done.at, now=at, again=True)


def scrubbed(subject_ids: Iterable[UUID], *, at: datetime) -> None:
    """Note that no file of the database holds anything of them any more."""
    with db.transaction() as session:
        session.execute(
            sa.update(Erasure)
            .where(Erasure.subject_id.in_(list(subject_ids)))
            .values(scrubbed_at=at)
            .execution_options(synchronize_session=False)
        )


def _erase_company(
    session: Session,
    company_id: UUID,
    at: datetime,
    *,
    but: UUID | None = None,
    tell: bool = True,
) -> None:
    seated = members.colleagues(session, company_id) if tell else []
    told = [one.id for one in seated if one.id != but]
    forget_company(session, company_id, at=at, now=at)
    _note(session, ErasureKind.COMPANY, company_id, at)
    for person_id in told:
        _tell(session, person_id, {"event": "company"}, at)


def _erase_person(session: Session, person_id: UUID, at: datetime) -> None:
    forget_person(session, person_id, at=at, now=at)
    _note(session, ErasureKind.PERSON, person_id, at)


def _note(session: Session, kind: ErasureKind, subject_id: UUID, at: datetime) -> None:
    session.add(Erasure(subject_id=subject_id, kind=kind, at=at))
    session.flush()


def _tell(
    session: Session, person_id: UUID, params: dict[str, str], at: datetime
) -> None:
    """A mail that confirms it. To an erased account it carries its address until it
    is sent or given up; then the outbox forgets it."""
    outbox.enqueue(
        session,
        MailKind.ERASED,
        person_id,
        at=at,
        params=dict(params),
        dedupe_key=f"erased:{params['event']}:{person_id}:{at.isoformat()}",
    )


def _is_last_admin(session: Session, person: Person) -> bool:
    """Whether nobody else could sign in and has that role."""
    if not person.has(RoleName.ADMIN):
        return False
    another = sa.select(Person.id).where(
        Person.id != person.id,
        Person.erased_at.is_(None),
        Person.active,
        Person.confirmed_at.is_not(None),
        Person.roles.any(name=RoleName.ADMIN.value),
    )
    return session.scalar(another.limit(1)) is None


def _locked(session: Session, person_id: UUID) -> Person | None:
    """The person, locked after the company, so that of two colleagues who leave at
    once the second sees that nobody stays. None if erased already."""
    company_id = session.scalar(
        sa.select(Person.company_id).where(Person.id == person_id)
    )
    if company_id is not None:
        _lock_company(session, company_id)
    person = session.get(Person, person_id, with_for_update={"key_share": True})
    if person is None:
        raise NotFound
    if person.has(RoleName.ADMIN):  # of two who leave at once the second waits here
        role = sa.select(Role.id).where(Role.name == RoleName.ADMIN.value)
        session.execute(role.with_for_update(key_share=True))
    return None if person.erased_at is not None else person


def _lock_company(session: Session, company_id: UUID) -> None:
    """Nobody accepts, writes or leaves for the company meanwhile. Rows may still refer
    to it: who answers an introduction holds that first, and then needs the company."""
    session.execute(
        sa.select(Company.id)
        .where(Company.id == company_id)
        .with_for_update(key_share=True)
    )
