"""Delete what is past the time that its columns declare (`models/keeping.py`).

Each step is one transaction and finds by itself what is due, so that a run that was
cut off, or two at once, change nothing. Accounts and companies whose time is over are
erased as by their owners; the rest are rows that go.
"""

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app import db
from app.models import (
    AuditEvent,
    Company,
    CompanyStatus,
    ConsentAction,
    ConsentEvent,
    Cooldown,
    Erasure,
    ErasureKind,
    Listing,
    ListingStatus,
    ListingTopic,
    MailState,
    Match,
    OutboxMail,
    Person,
    RateLimit,
    SignInLink,
    UnmetNeed,
)
from app.models import keeping as kept
from app.services import erasure
from app.services.retention_rounds import (
    forget_introductions,
    forget_rounds,
    forget_tombstones,
)
from app.services.retention_rows import delete, open_gate

AT_ONCE = 200  # accounts and companies of a run: each is a transaction of its own


def forget(*, at: datetime) -> dict[str, int]:
    """Delete all that is due; returns how many of what went, zeros left out."""
    went = {
        "accounts": _erase_accounts(at),
        "companies": _erase_companies(at),
    }
    for name, step in STEPS.items():
        with db.transaction() as session:
            went[name] = step(session, at)
    return {name: number for name, number in went.items() if number}


def _erase_accounts(at: datetime) -> int:
    """Accounts never confirmed, and those that lost their company long ago. Whoever
    organizes needs none."""
    account = kept.ACCOUNT
    member_only = sa.not_(Person.roles.any(name="organizer")) & sa.not_(
        Person.roles.any(name="admin")
    )
    with db.transaction() as session:
        ids = session.scalars(
            sa.select(Person.id)
            .where(
                Person.erased_at.is_(None),
                sa.or_(
                    sa.and_(
                        Person.confirmed_at.is_(None),
                        Person.created_at < at - account.span("unconfirmed"),
                    ),
                    sa.and_(
                        Person.company_id.is_(None),
                        Person.unseated_at < at - account.span("unseated"),
                        member_only,
                    ),
                ),
            )
            .order_by(Person.created_at, Person.id)
            .limit(AT_ONCE)
        ).all()
    return sum(erasure.erase_account(one, at=at) for one in ids)


def _erase_companies(at: datetime) -> int:
    """Applications that nobody took in; their people keep their accounts at first."""
    waiting = (CompanyStatus.APPLIED, CompanyStatus.REFUSED)
    with db.transaction() as session:
        ids = session.scalars(
            sa.select(Company.id)
            .where(
                Company.erased_at.is_(None),
                Company.status.in_(waiting),
                Company.created_at < at - kept.COMPANY.span("applied"),
            )
            .order_by(Company.created_at, Company.id)
            .limit(AT_ONCE)
        ).all()
    return sum(erasure.erase_again(ErasureKind.COMPANY, one, at=at) for one in ids)


def _forget_listings(session: Session, at: datetime) -> int:
    """Listings closed or run out long ago, with what was matched on them."""
    limit = at - kept.LISTING.span()
    over = sa.or_(
        sa.and_(Listing.status == ListingStatus.CLOSED, Listing.closed_at < limit),
        sa.and_(
            Listing.status == ListingStatus.OPEN, Listing.valid_until < limit.date()
        ),
    )
    ids = sa.select(Listing.id).where(over)
    delete(session, Match, sa.or_(Match.need_id.in_(ids), Match.offering_id.in_(ids)))
    delete(session, UnmetNeed, UnmetNeed.listing_id.in_(ids))
    delete(session, ListingTopic, ListingTopic.listing_id.in_(ids))
    return delete(session, Listing, over)


def _forget_mails(session: Session, at: datetime) -> int:
    limit = at - kept.MAIL.span()
    return delete(
        session,
        OutboxMail,
        OutboxMail.created_at < limit,
        OutboxMail.state != MailState.SENDING,
    )


def _forget_consents(session: Session, at: datetime) -> int:
    """Events that do not say what counts today: a later one of the kind replaced them,
    or their person is gone. A withdrawal stays as long as what it ended."""
    limit = at - kept.CONSENT.span()
    later = aliased(ConsentEvent)
    # Asking again does not undo what was granted; of one instant a withdrawal counts.
    decided = sa.or_(
        later.action != ConsentAction.REQUESTED,
        ConsentEvent.action == ConsentAction.REQUESTED,
    )
    after = sa.or_(
        later.at > ConsentEvent.at,
        sa.and_(later.at == ConsentEvent.at, later.action == ConsentAction.WITHDRAWN),
    )
    replaced = sa.exists().where(
        later.person_id == ConsentEvent.person_id,
        later.kind == ConsentEvent.kind,
        later.id != ConsentEvent.id,
        later.at < limit,
        after,
        decided,
    )
    ended = ConsentEvent.action != ConsentAction.GRANTED
    gone = sa.exists().where(
        Person.id == ConsentEvent.person_id, Person.erased_at < limit
    )
    needed = sa.exists().where(OutboxMail.consent_id == ConsentEvent.id)
    open_gate(session, ConsentEvent, limit)
    return delete(
        session,
        ConsentEvent,
        ConsentEvent.at < limit,
        sa.or_(replaced, ended, gone),
        sa.not_(needed),
    )


def _forget_audit(session: Session, at: datetime) -> int:
    limit = at - kept.AUDIT.span()
    open_gate(session, AuditEvent, limit)
    return delete(session, AuditEvent, AuditEvent.at < limit)


def _forget_cooldowns(session: Session, at: datetime) -> int:
    return delete(session, Cooldown, Cooldown.until < at)


def _forget_links(session: Session, at: datetime) -> int:
    limit = at - kept.SIGN_IN.span()
    return delete(session, SignInLink, SignInLink.expires_at < limit)


def _forget_tries(session: Session, at: datetime) -> int:
    return delete(session, RateLimit, RateLimit.expires_at < at)


def _forget_erasures(session: Session, at: datetime) -> int:
    return delete(session, Erasure, Erasure.at < at - kept.ERASURE.span())


STEPS: dict[str, Callable[[Session, datetime], int]] = {
    "mails": _forget_mails,  # before the consents that they refer to
    "introductions": forget_introductions,
    "listings": _forget_listings,
    "rounds": forget_rounds,
    "consents": _forget_consents,
    "audit events": _forget_audit,
    "cooldowns": _forget_cooldowns,
    "links": _forget_links,
    "counted tries": _forget_tries,
    "tombstones": forget_tombstones,
    "erasures": _forget_erasures,
}
