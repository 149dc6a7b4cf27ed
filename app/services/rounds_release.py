"""Release of a round: once, whoever and however many ask for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import db
from app.errors import N_, Busy, Conflict, NotFound
from app.models import (
    Block,
    Company,
    CompanyStatus,
    ConsentKind,
    Introduction,
    MailKind,
    Person,
    Round,
    RoundState,
    Seat,
    State,
)
from app.services import audit, consent, introductions, outbox
from app.services.rounds_week import day_of, monday_of


class Held(Conflict):
    """Somebody stopped the release of this round."""

    message = N_("Die Runde ist angehalten. Lassen Sie sie zuerst weiterlaufen.")


@dataclass(frozen=True, slots=True)
class Released:
    """What a release did; `again` says that it had been done before."""

    week: str
    shown: int
    digests: int
    again: bool = False


def release(week: str, *, by: UUID | None, at: datetime) -> Released:
    """Show the drafts of a week to their companies and put the mails on their way.

    `by` is the organizer, None for the clock. Of many at once exactly one releases;
    the others learn that it was done. Raises NotFound, Busy, Held.
    """
    monday_of(week)
    with db.transaction() as session:
        round_id = session.scalar(
            sa.update(Round)
            .where(
                Round.week == week,
                Round.state == RoundState.DRAFT,
                Round.held.is_(False),
            )
            .values(state=RoundState.RELEASED, released_at=at, released_by=by)
            .returning(Round.id)
            .execution_options(synchronize_session=False)
        )
        if round_id is None:
            return _not_now(session, week)
        _cancel_impossible(session, round_id, at)
        shown = introductions.release_round(session, round_id, at=at)
        digests = _announce(session, round_id, week, at)
        audit.record(
            session,
            "round.release",
            actor_id=by,
            subject=("round", round_id),
            detail={"week": week, "shown": shown, "digests": digests},
            at=at,
        )
        return Released(week, shown, digests)


def release_due(*, at: datetime) -> list[Released]:
    """Release the drafts whose time for review is over."""
    session = db.session()
    session.rollback()
    weeks = session.scalars(
        sa.select(Round.week)
        .where(
            Round.state == RoundState.DRAFT,
            Round.held.is_(False),
            Round.release_at <= at,
        )
        .order_by(Round.week)
    ).all()
    done = []
    for week in weeks:
        try:
            done.append(release(week, by=None, at=at))
        except (Busy, Held):
            continue  # an organizer was quicker
    return [one for one in done if not one.again]


def hold(week: str, *, by: UUID | None, at: datetime) -> None:
    """Stop the release of a draft until `unhold`."""
    _set_held(week, True, by=by, at=at)


def unhold(week: str, *, by: UUID | None, at: datetime) -> None:
    """Let a held draft go its way again; nothing is released by this."""
    _set_held(week, False, by=by, at=at)


def _set_held(week: str, held: bool, *, by: UUID | None, at: datetime) -> None:
    with db.transaction() as session:
        round_id = session.scalar(
            sa.update(Round)
            .where(Round.week == week, Round.state == RoundState.DRAFT)
            .values(held=held)
            .returning(Round.id)
            .execution_options(synchronize_session=False)
        )
        if round_id is None:
            if _not_now(session, week).again:
                raise Conflict(N_("Die Runde dieser Woche ist schon freigegeben."))
            raise NotFound
        audit.record(
            session,
            "round.hold" if held else "round.unhold",
            actor_id=by,
            subject=("round", round_id),
            detail={"week": week},
            at=at,
        )


def _not_now(session: Session, week: str) -> Released:
    """Why a round could not be released: an error, or that it was done before."""
    row = session.execute(
        sa.select(Round.state, Round.held).where(Round.week == week)
    ).one_or_none()
    if row is None:
        raise NotFound(N_("Für diese Woche gibt es noch keine Runde."))
    if row.state is RoundState.RELEASED:
        return Released(week, 0, 0, again=True)
    if row.state is RoundState.DRAFT and row.held:
        raise Held
    if row.state is RoundState.FAILED:
        raise Conflict(N_("Die Berechnung ist gescheitert. Starten Sie sie neu."))
    raise Busy(N_("Diese Runde wird gerade berechnet."))


def _cancel_impossible(session: Session, round_id: UUID, at: datetime) -> None:
    """End drafts whose companies left, paused or were parted since the computing."""
    away = sa.select(Company.id).where(
        sa.or_(
            Company.status != CompanyStatus.APPROVED, Company.paused_until > day_of(at)
        )
    )
    parted = sa.exists().where(
        Block.company_lo_id == Introduction.company_lo_id,
        Block.company_hi_id == Introduction.company_hi_id,
    )
    drafts = session.scalars(
        sa.select(Introduction.id).where(
            Introduction.round_id == round_id,
            Introduction.state == State.DRAFT,
            sa.or_(
                Introduction.company_lo_id.in_(away),
                Introduction.company_hi_id.in_(away),
                parted,
            ),
        )
    ).all()
    for one in drafts:
        introductions.cancel(session, one, "impossible", at=at)


def _announce(session: Session, round_id: UUID, week: str, at: datetime) -> int:
    """One digest for each person who agreed and whose company is shown someone."""
    persons = _readers(session, round_id)
    agreed = consent.granted(session, ConsentKind.DIGEST)
    return outbox.enqueue_all(
        session,
        MailKind.DIGEST,
        [
            outbox.Addressee(
                person_id=person_id,
                dedupe_key=f"digest:{week}:{person_id}",
                consent_id=agreed[person_id],
            )
            for person_id in persons
            if person_id in agreed
        ],
        subject_id=round_id,
        at=at,
    )


def _readers(session: Session, round_id: UUID) -> Iterable[UUID]:
    shown = sa.and_(
        Introduction.round_id == round_id, Introduction.state == State.PROPOSED
    )
    companies = sa.union(
        sa.select(Introduction.company_lo_id).where(shown),
        sa.select(Introduction.company_hi_id).where(shown),
    )
    return session.scalars(
        sa.select(Person.id)
        .where(
            Person.company_id.in_(companies),
            Person.seat == Seat.TAKEN,
            Person.active,
            Person.erased_at.is_(None),
            Person.confirmed_at.is_not(None),
        )
        .order_by(Person.id)
    ).all()
