"""Who takes part: organizers approve, refuse, suspend and take back in."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, selectinload

from app import db
from app.errors import N_, Conflict, Invalid, NotFound
from app.models import Company, CompanyStatus, MailKind, Person, Seat
from app.services import audit, company_names, introductions, outbox

PER_PAGE = 50
LONGEST_REASON = 500

# From which states a company may come into a state.
ALLOWED = {
    CompanyStatus.APPROVED: (
        CompanyStatus.APPLIED,
        CompanyStatus.REFUSED,
        CompanyStatus.SUSPENDED,
    ),
    CompanyStatus.REFUSED: (CompanyStatus.APPLIED,),
    CompanyStatus.SUSPENDED: (CompanyStatus.APPROVED,),
}


@dataclass(frozen=True)
class Applicant:
    """A company that waits, with what helps to decide."""

    company: Company
    persons: list[Person]
    near: list[company_names.Similar]

    @property
    def confirmed(self) -> bool:
        return any(one.confirmed_at is not None for one in self.persons)


@dataclass(frozen=True)
class Page:
    """One page of companies and how many there are in all."""

    companies: list[Company]
    total: int
    page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PER_PAGE))


def applicants(session: Session) -> list[Applicant]:
    """Companies waiting for a decision, longest first."""
    waiting = session.scalars(
        select(Company)
        .where(Company.status == CompanyStatus.APPLIED)
        .options(selectinload(Company.persons))
        .order_by(Company.created_at, Company.id)
    ).all()
    near = company_names.namesakes(session, waiting)
    return [
        Applicant(one, _seated(one), others)
        for one, others in zip(waiting, near, strict=True)
    ]


def companies(
    session: Session, *, status: CompanyStatus | None, words: str, page: int
) -> Page:
    """Companies in a state whose names contain the words, by name."""
    wanted = select(Company).where(Company.erased_at.is_(None))
    if status is not None:
        wanted = wanted.where(Company.status == status)
    key = company_names.key(words) if words.strip() else ""
    if key:
        wanted = wanted.where(Company.name_key.contains(key, autoescape=True))
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    page = min(max(page, 1), max(1, -(-total // PER_PAGE)))
    rows = session.scalars(
        wanted.order_by(Company.name_key, Company.id)
        .limit(PER_PAGE)
        .offset((page - 1) * PER_PAGE)
        .options(selectinload(Company.persons))
    ).all()
    return Page(list(rows), total, page)


def counts(session: Session) -> dict[CompanyStatus, int]:
    """How many companies are in each state."""
    rows = session.execute(
        select(Company.status, func.count())
        .where(Company.erased_at.is_(None))
        .group_by(Company.status)
    )
    found: dict[CompanyStatus, int] = {row[0]: row[1] for row in rows}
    return {status: found.get(status, 0) for status in CompanyStatus}


def approve(company_id: UUID, *, by: UUID, at: datetime) -> None:
    """Let a company take part, or take part again; tells its members."""
    _decide(company_id, CompanyStatus.APPROVED, "", by=by, at=at)


def refuse(company_id: UUID, reason: str, *, by: UUID, at: datetime) -> None:
    """Turn an application down; the reason is shown to the applicant."""
    _decide(company_id, CompanyStatus.REFUSED, _reason(reason), by=by, at=at)


def suspend(company_id: UUID, reason: str, *, by: UUID, at: datetime) -> None:
    """Take a company out: open introductions end, its members are signed out."""
    _decide(company_id, CompanyStatus.SUSPENDED, _reason(reason), by=by, at=at)


def _decide(
    company_id: UUID, status: CompanyStatus, reason: str, *, by: UUID, at: datetime
) -> None:
    with db.transaction() as session:
        changed = session.execute(
            update(Company)
            .where(Company.id == company_id, Company.status.in_(ALLOWED[status]))
            .values(
                status=status,
                status_reason=reason or None,
                approved_at=func.coalesce(Company.approved_at, at)
                if status is CompanyStatus.APPROVED
                else Company.approved_at,
            )
            .returning(Company.id)
            .execution_options(synchronize_session=False)
        ).first()
        if changed is None:
            _explain(session, company_id)
        if status is CompanyStatus.SUSPENDED:
            introductions.cancel_for_company(session, company_id, "suspended", at=at)
            sign_out_all(session, company_id)
        audit.record(
            session,
            f"company.{status.value}",
            actor_id=by,
            subject=("company", company_id),
            detail={"reason": reason} if reason else {},
            at=at,
        )
        _tell(session, company_id, status, at)


def sign_out_all(session: Session, company_id: UUID) -> None:
    """End every session of the company's members."""
    for person in session.scalars(
        select(Person).where(Person.company_id == company_id)
    ):
        person.fs_uniquifier = uuid4().hex


def _tell(
    session: Session, company_id: UUID, status: CompanyStatus, at: datetime
) -> None:
    persons = session.scalars(
        select(Person).where(
            Person.company_id == company_id,
            Person.seat == Seat.TAKEN,
            Person.active,
            Person.confirmed_at.is_not(None),
        )
    )
    for person in persons:
        outbox.enqueue(
            session,
            MailKind.APPROVED,
            person.id,
            at=at,
            params={"event": status.value},
            dedupe_key=f"{status.value}:{person.id}:{at.isoformat()}",
        )


def _explain(session: Session, company_id: UUID) -> None:
    if session.get(Company, company_id) is None:
        raise NotFound
    raise Conflict(N_("Über diese Firma wurde inzwischen anders entschieden."))


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason:
        raise Invalid(N_("Bitte nennen Sie einen Grund."), field="reason")
    if len(reason) > LONGEST_REASON:
        raise Invalid(N_("Der Grund ist zu lang."), field="reason")
    return reason


def _seated(company: Company) -> list[Person]:
    return sorted(
        (one for one in company.persons if one.seat is Seat.TAKEN and one.active),
        key=lambda one: (one.name, str(one.id)),
    )
