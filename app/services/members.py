"""Members: how a person joins, which seat at which company, what the account says."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import db
from app.errors import N_, Conflict, Invalid, NotFound
from app.models import (
    Company,
    CompanyStatus,
    MailKind,
    Membership,
    Person,
    Role,
    RoleName,
    Seat,
)
from app.services import audit, company_names, outbox


@dataclass(frozen=True)
class Registration:
    """What a person tells when joining; the password comes as its hash."""

    name: str
    email: str
    password_hash: str
    locale: str
    company_name: str = ""
    company_id: UUID | None = None  # joins this one instead of a new one
    member_number: str = ""


def register(registration: Registration, *, at: datetime) -> UUID | None:
    """Make an account and, unless the company is known, its company.

    Somebody who has an account already gets a mail that says so, and nobody else
    learns it: the caller answers alike. Returns the new person, or None.
    """
    try:
        return _register(registration, at)
    except IntegrityError:
        # The same address was quicker in another request: now it is a known one.
        return _register(registration, at)


def _register(registration: Registration, at: datetime) -> UUID | None:
    email = registration.email.strip().lower()
    with db.transaction() as session:
        known = session.scalar(select(Person).where(func.lower(Person.email) == email))
        if known is not None:
            _remind(session, known, at)
            return None
        person = Person(
            id=uuid4(),
            name=registration.name,
            email=email,
            password=registration.password_hash,
            locale=registration.locale,
            fs_uniquifier=uuid4().hex,
            active=True,
            created_at=at,
            roles=[_role(session, RoleName.MEMBER)],
        )
        if registration.company_id is None:
            company = _new_company(registration, at)
            session.add(company)
            person.company_id, person.seat = company.id, Seat.TAKEN
        else:
            person.company_id = _joinable(session, registration.company_id)
            person.seat = Seat.ASKED
        session.add(person)
        session.flush()
        _ask_to_confirm(session, person, at)
        return person.id


def confirmed(session: Session, person: Person, *, at: datetime) -> None:
    """Somebody confirmed their address: now the company hears that they ask to join.

    Not earlier, or strangers' addresses could be used to write to members.
    """
    if person.seat is not Seat.ASKED or person.company_id is None:
        return
    for colleague in colleagues(session, person.company_id):
        outbox.enqueue(
            session,
            MailKind.SEAT,
            colleague.id,
            at=at,
            subject_id=person.id,
            dedupe_key=f"seat:{person.id}:{colleague.id}",
        )


def colleagues(session: Session, company_id: UUID) -> list[Person]:
    """Those who sit in the company and can be reached, by name."""
    return list(
        session.scalars(
            select(Person)
            .where(
                Person.company_id == company_id,
                Person.seat == Seat.TAKEN,
                Person.active,
                Person.confirmed_at.is_not(None),
                Person.erased_at.is_(None),
            )
            .order_by(Person.name, Person.id)
        )
    )


def responsible(session: Session, company_id: UUID) -> Person | None:
    """Who speaks for the company as a whole: of those who sit there, the one with the
    oldest account. Who leaves hands it on to the next."""
    return min(
        colleagues(session, company_id),
        key=lambda one: (one.created_at, one.id),
        default=None,
    )


def asking(session: Session, company_id: UUID) -> list[Person]:
    """Those who confirmed their address and wait for a seat, longest first."""
    return list(
        session.scalars(
            select(Person)
            .where(
                Person.company_id == company_id,
                Person.seat == Seat.ASKED,
                Person.active,
                Person.confirmed_at.is_not(None),
            )
            .order_by(Person.created_at, Person.id)
        )
    )


def admit(person_id: UUID, *, by: Person, at: datetime) -> None:
    """A colleague lets somebody in."""
    company_id, actor_id = _seat_of(by), by.id
    with db.transaction() as session:
        taken = session.execute(
            update(Person)
            .where(
                Person.id == person_id,
                Person.company_id == company_id,
                Person.seat == Seat.ASKED,
            )
            .values(seat=Seat.TAKEN)
            .returning(Person.id)
        ).first()
        if taken is None:
            raise NotFound
        audit.record(
            session,
            "member.admit",
            actor_id=actor_id,
            subject=("person", person_id),
            detail={"company": str(company_id)},
            at=at,
        )
        outbox.enqueue(
            session,
            MailKind.APPROVED,
            person_id,
            at=at,
            params={"event": "admitted"},
            dedupe_key=f"admitted:{person_id}:{company_id}",
        )


def turn_away(person_id: UUID, *, by: Person, at: datetime) -> None:
    """A colleague does not know this person: the account stays, without a company."""
    company_id, actor_id = _seat_of(by), by.id
    with db.transaction() as session:
        gone = session.execute(
            update(Person)
            .where(
                Person.id == person_id,
                Person.company_id == company_id,
                Person.seat == Seat.ASKED,
            )
            .values(company_id=None, unseated_at=at)
            .returning(Person.id)
        ).first()
        if gone is None:
            raise NotFound
        audit.record(
            session,
            "member.turn_away",
            actor_id=actor_id,
            subject=("person", person_id),
            detail={"company": str(company_id)},
            at=at,
        )


def update_account(
    person_id: UUID,
    *,
    name: str,
    position: str,
    phone: str,
    release_email: bool,
    release_phone: bool,
    locale: str,
) -> None:
    """What a person says of themselves, and which of it an introduction shows.

    At least one way to be reached must be shown.
    """
    if release_phone and not phone:
        raise Invalid(N_("Bitte geben Sie die Telefonnummer an."), field="phone")
    if not release_email and not release_phone:
        raise Invalid(
            "Ohne E-Mail-Adresse und Telefon kann Sie niemand erreichen. Bitte geben"
            " Sie eines von beiden frei.",
            field="release_email",
        )
    with db.transaction() as session:
        person = session.get(Person, person_id)
        if person is None:
            raise NotFound
        person.name = name
        person.position = position or None
        person.phone = phone or None
        person.release_email, person.release_phone = release_email, release_phone
        person.locale = locale


def promote(email: str, role: RoleName, *, at: datetime) -> None:
    """Give the person with this address a role; fine if they had it."""
    with db.transaction() as session:
        person = session.scalar(
            select(Person).where(func.lower(Person.email) == email.lower())
        )
        if person is None:
            raise NotFound(f"Kein Konto mit der Adresse {email}.")
        if not person.has(role):
            person.roles.append(_role(session, role))
        audit.record(
            session,
            f"role.{role.value}",
            actor_id=None,
            subject=("person", person.id),
            at=at,
        )


def create_admin(email: str, name: str, *, at: datetime) -> UUID:
    """The first admin: confirmed, without company and password; signs in by link."""
    with db.transaction() as session:
        if session.scalar(
            select(Person.id).where(func.lower(Person.email) == email.lower())
        ):
            raise Conflict(N_("Es gibt schon ein Konto mit dieser Adresse."))
        person = Person(
            id=uuid4(),
            name=name,
            email=email.lower(),
            fs_uniquifier=uuid4().hex,
            active=True,
            confirmed_at=at,
            created_at=at,
            roles=[_role(session, RoleName.ADMIN)],
        )
        session.add(person)
        session.flush()
        audit.record(
            session,
            "admin.create",
            actor_id=None,
            subject=("person", person.id),
            at=at,
        )
        return person.id


def _remind(session: Session, person: Person, at: datetime) -> None:
    """Tell the owner of an address that it was used to register; once a day.

    Who has not confirmed it yet is asked to again instead.
    """
    if person.confirmed_at is None:
        _ask_to_confirm(session, person, at)
        return
    outbox.enqueue(
        session,
        MailKind.SECURITY,
        person.id,
        at=at,
        params={"event": "already_registered"},
        dedupe_key=f"already:{person.id}:{at.date().isoformat()}",
    )


def _ask_to_confirm(session: Session, person: Person, at: datetime) -> None:
    minute = int(at.timestamp() // 60)
    outbox.enqueue(
        session,
        MailKind.CONFIRM,
        person.id,
        at=at,
        dedupe_key=f"confirm:{person.id}:{minute}",
    )


def _new_company(registration: Registration, at: datetime) -> Company:
    number = registration.member_number.strip()
    return Company(
        id=uuid4(),
        name=registration.company_name.strip(),
        name_key=company_names.key(registration.company_name),
        status=CompanyStatus.APPLIED,
        membership=Membership.MEMBER if number else Membership.INTERESTED,
        member_number=number or None,
        created_at=at,
    )


def _joinable(session: Session, company_id: UUID) -> UUID:
    company = session.get(Company, company_id)
    open_to_join = (CompanyStatus.APPROVED, CompanyStatus.APPLIED)
    if company is None or company.status not in open_to_join:
        raise NotFound
    return company.id


def _seat_of(person: Person) -> UUID:
    if not person.sits or person.company_id is None:
        raise NotFound
    return person.company_id


def _role(session: Session, name: RoleName) -> Role:
    return session.scalars(select(Role).where(Role.name == name.value)).one()
