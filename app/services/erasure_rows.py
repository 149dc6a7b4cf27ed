"""What of an erased person or company is deleted, and what is overwritten, row by row.

Both functions may run again at any time and then only take what was added since. They
ask the columns' declarations nothing: which row goes and which stays as a tombstone is
a decision about each table, and the canary test finds what they miss.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.models import (
    Avoidance,
    Block,
    Company,
    CompanyStatus,
    ContactRelease,
    Cooldown,
    DecisionEvent,
    Feedback,
    Introduction,
    Listing,
    ListingTopic,
    MailKind,
    Match,
    MatchingSettings,
    Meeting,
    Membership,
    OutboxMail,
    Person,
    Round,
    RoundEdit,
    Side,
    SignInLink,
)
from app.models.person import person_role
from app.services.audit import empty_details
from app.services.erasure_pairs import (
    end_meetings,
    forget_words,
    hold,
    leave_introductions,
    withdraw_acceptances,
)
from app.services.introductions_ends import cancel_for_company
from app.services.introductions_sides import involving

NO_NAME = "–––"  # a name has two characters at least; pages show another


def forget_company(
    session: Session, company_id: UUID, *, at: datetime, now: datetime
) -> None:
    """Overwrite a company and delete what it wrote; its people lose their seats.

    `at` is when it was erased, `now` ends what is open.
    """
    mine = involving(company_id)
    ids = hold(session, mine)
    cancel_for_company(session, company_id, "erased", at=now)
    leave_introductions(session, mine, at=now)
    end_meetings(session, ids, at=now)
    forget_words(session, ids)
    _forget_sides(session, company_id)
    _delete(session, ContactRelease, ContactRelease.introduction_id.in_(_ids(mine)))
    _delete(session, Match, Match.introduction_id.in_(_ids(mine)))
    _set(session, Introduction, mine, misfits=[])
    _delete_listings(session, company_id)
    for table, columns in (
        (Avoidance, (Avoidance.company_id, Avoidance.other_id)),
        (Block, (Block.company_lo_id, Block.company_hi_id)),
        (Cooldown, (Cooldown.company_lo_id, Cooldown.company_hi_id)),
        (RoundEdit, (RoundEdit.company_lo_id, RoundEdit.company_hi_id)),
    ):
        _delete(session, table, sa.or_(*(one == company_id for one in columns)))
    empty_details(session, subjects=[company_id, *ids])
    for person in session.scalars(
        sa.select(Person).where(Person.company_id == company_id)
    ):
        person.company_id, person.unseated_at = None, at
        person.fs_uniquifier = uuid4().hex
    session.flush()
    _set(session, Company, Company.id == company_id, **_blank_company(at))
    session.expire_all()


def forget_person(
    session: Session,
    person_id: UUID,
    *,
    at: datetime,
    now: datetime,
    again: bool = False,
) -> None:
    """Overwrite a person, delete what only they had, and end what rested on them.

    `again`: only what names the person still; colleagues may have written since.
    """
    ids = hold(session, Introduction.id.in_(_introduced(person_id, again)))
    withdraw_acceptances(session, person_id, at=now)
    end_meetings(session, ids, at=now)
    forget_words(session, ids)
    _forget_complaints(session, ids)
    for table, column in _NAMING_A_PERSON:
        _set(session, table, column == person_id, **{column.key: None})
    _delete(
        session,
        OutboxMail,
        sa.and_(
            sa.or_(
                OutboxMail.person_id == person_id, OutboxMail.subject_id == person_id
            ),
            OutboxMail.kind != MailKind.ERASED,  # tells them that it is done
        ),
    )
    _delete(session, SignInLink, SignInLink.person_id == person_id)
    session.execute(sa.delete(person_role).where(person_role.c.person_id == person_id))
    empty_details(session, subjects=[person_id], actor=person_id)
    session.flush()
    _set(session, Person, Person.id == person_id, **_blank_person(person_id, at))
    session.expire_all()


# Keys that become empty; ids in events stay, they name nobody any more.
_NAMING_A_PERSON: tuple[tuple[Any, Any], ...] = (
    (Introduction, Introduction.lo_person_id),
    (Introduction, Introduction.hi_person_id),
    (ContactRelease, ContactRelease.person_id),
    (Feedback, Feedback.person_id),
    (Listing, Listing.author_id),
    (Round, Round.released_by),
    (RoundEdit, RoundEdit.by_id),
    (MatchingSettings, MatchingSettings.created_by),
)


def _introduced(person_id: UUID, again: bool) -> sa.Select[UUID]:
    """Introductions in which this person decided, gave feedback or set a date."""
    named = [
        Introduction.lo_person_id == person_id,
        Introduction.hi_person_id == person_id,
        Introduction.id.in_(
            sa.select(Feedback.introduction_id).where(Feedback.person_id == person_id)
        ),
        Introduction.id.in_(
            sa.select(Meeting.introduction_id).where(
                sa.or_(
                    Meeting.proposed_person_id == person_id,
                    Meeting.chosen_person_id == person_id,
                )
            )
        ),
    ]
    if not again:
        decided = sa.select(DecisionEvent.introduction_id)
        named.append(
            Introduction.id.in_(decided.where(DecisionEvent.person_id == person_id))
        )
    return sa.select(Introduction.id).where(sa.or_(*named))


def _forget_sides(session: Session, company_id: UUID) -> None:
    """Who decided for the company, and who gave its feedback."""
    for side in Side:
        company = getattr(Introduction, f"company_{side.value}_id")
        person = f"{side.value}_person_id"
        _set(session, Introduction, company == company_id, **{person: None})
        _set(
            session,
            Feedback,
            sa.and_(
                Feedback.side == side,
                Feedback.introduction_id.in_(_ids(company == company_id)),
            ),
            person_id=None,
        )


def _forget_complaints(session: Session, ids: Sequence[UUID]) -> None:
    """The words of a complaint; that the pair is blocked stays."""
    pairs = session.execute(
        sa.select(Introduction.company_lo_id, Introduction.company_hi_id).where(
            Introduction.id.in_(ids)
        )
    )
    for lo, hi in pairs.all():
        pair = sa.and_(Block.company_lo_id == lo, Block.company_hi_id == hi)
        _set(session, Block, pair, reason="")
    empty_details(session, subjects=ids)


def _delete_listings(session: Session, company_id: UUID) -> None:
    theirs = sa.select(Listing.id).where(Listing.company_id == company_id)
    _delete(
        session, Match, sa.or_(Match.need_id.in_(theirs), Match.offering_id.in_(theirs))
    )
    _delete(session, ListingTopic, ListingTopic.listing_id.in_(theirs))
    _delete(session, Listing, Listing.company_id == company_id)


def _blank_company(at: datetime) -> dict[str, Any]:
    """Every column of a tombstone but its id, and when it was made and approved."""
    empty = (
        *("status_reason", "member_number", "place", "postal_code", "state", "lat"),
        *("lon", "sector", "size", "stage", "about", "show_name", "paused_until"),
        "onboarded_at",
    )
    return dict.fromkeys(empty) | {
        "name": NO_NAME,
        "name_key": "",
        "status": CompanyStatus.CLOSED,
        "membership": Membership.INTERESTED,
        "areas": [],
        "languages": [],
        "capacity": 0,
        "max_open": 0,
        "no_paid": False,
        "no_competitors": False,
        "erased_at": at,
    }


def _blank_person(person_id: UUID, at: datetime) -> dict[str, Any]:
    """Every column of a tombstone but its id and when the account was made."""
    empty = (
        *("company_id", "position", "phone", "password", "confirmed_at"),
        *("last_login_at", "current_login_at", "last_login_ip", "current_login_ip"),
        *("login_count", "tf_primary_method", "tf_totp_secret", "tf_phone_number"),
        *("us_totp_secrets", "us_phone_number", "mf_recovery_codes", "unseated_at"),
    )
    return dict.fromkeys(empty) | {
        "name": "",
        "email": f"{person_id.hex}@erased.invalid",
        "fs_uniquifier": uuid4().hex,
        "active": False,
        "release_email": False,
        "release_phone": False,
        "locale": "de",
        "erased_at": at,
    }


def _ids(which: sa.ColumnElement[bool]) -> sa.Select[UUID]:
    return sa.select(Introduction.id).where(which)


def _delete(session: Session, table: Any, which: sa.ColumnElement[bool]) -> None:
    session.execute(
        sa.delete(table).where(which).execution_options(synchronize_session=False)
    )


def _set(
    session: Session, table: Any, which: sa.ColumnElement[bool], **values: Any
) -> None:
    session.execute(
        sa.update(table)
        .where(which)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
