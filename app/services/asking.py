"""Ask for an introduction oneself: the asker accepts, the other company decides.

The same double opt-in as in the round: the introduction joins the latest released
round as a pinned pair, half decided, so that the other company sees a suggestion
like any other and may answer it for 14 days.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import db
from app.errors import N_, Conflict, NoCapacity, NotFound
from app.models import (
    DAYS_TO_ANSWER,
    OPEN_STATES,
    Avoidance,
    Company,
    CompanyStatus,
    Decision,
    DecisionAct,
    Introduction,
    IntroductionSlot,
    Listing,
    ListingStatus,
    Match,
    Round,
    Side,
    Slot,
    State,
)
from app.services.introductions_contacts import Contact, choose_contact
from app.services.introductions_ends import record
from app.services.introductions_sides import deciding_company, open_count
from app.services.rounds_market import Register, register_of
from app.services.rounds_publish import Draft, rows_of
from app.services.rounds_week import day_of

MOST_ASKED = 3  # requests of a company that wait for an answer
LAST_SLOT = 5

NO_ROUND = N_("Anfragen sind möglich, sobald die erste Runde veröffentlicht ist.")
NOT_NOW = N_("Mit dieser Firma ist gerade keine Vorstellung möglich.")
NO_MATCH = N_(
    "Dazu passt keiner Ihrer Einträge. Legen Sie zuerst einen an, damit die andere"
    " Firma sieht, worum es Ihnen geht."
)
TOO_MANY = N_("Drei Ihrer Anfragen warten noch auf Antwort. Mehr geht gerade nicht.")


class NoOwnListing(Conflict):
    """Nothing of the asker's fits the listing that it asks about."""

    message = NO_MATCH


def listing_of_other(
    session: Session, person_id: UUID, listing_id: UUID, *, at: datetime
) -> Listing:
    """An open listing of another company; NotFound for all else alike."""
    today = day_of(at)
    found = session.scalar(
        sa.select(Listing)
        .join(Company, Company.id == Listing.company_id)
        .where(
            Listing.id == listing_id,
            Listing.company_id != deciding_company(session, person_id),
            Listing.status == ListingStatus.OPEN,
            Listing.valid_until >= today,
            Company.status == CompanyStatus.APPROVED,
            sa.or_(Company.paused_until.is_(None), Company.paused_until <= today),
        )
    )
    if found is None:
        raise NotFound
    return found


def ask(
    listing_id: UUID, *, by: UUID, at: datetime, contact: Contact | None = None
) -> UUID:
    """Ask to be introduced to the company of a listing; returns the introduction.

    Raises NotFound, NoCapacity, NoOwnListing, and Conflict for all that speaks
    against it on the other side: what it is stays there.
    """
    session = db.session()
    asker = deciding_company(session, by)
    listing = listing_of_other(session, by, listing_id, at=at)
    asked, listing_id = listing.company_id, listing.id
    pair = _computed(session, asker, asked, listing_id, at)
    try:
        with db.transaction() as session:
            return _store(session, pair, asker, by=by, at=at, contact=contact)
    except IntegrityError:
        # A trigger or a unique index: open already, cooling down, blocked.
        raise Conflict(NOT_NOW) from None


def _computed(
    session: Session, asker: UUID, asked: UUID, listing_id: UUID, at: datetime
) -> Mapping[str, Any]:
    """The engine's view of the two companies: score, reasons, misfits."""
    from matching import plan

    _check_pair(session, asker, asked)
    register = _with_listing(
        register_of(session, at, only={asker, asked}), asked, listing_id
    )
    names = register.names([(asker, asked)])
    if not names:
        raise Conflict(NOT_NOW)
    # The first of an installation compiles kernels, longer than PostgreSQL lets a
    # transaction stand idle.
    session.rollback()
    found = plan(register.market(), pins=names)
    pair = next(iter(found.pairs), None)
    if pair is None or not pair.matches:
        raise NoOwnListing
    return {"pair": pair, "register": register}


def _with_listing(register: Register, asked: UUID, listing_id: UUID) -> Register:
    """Of the asked company only the listing in question; both may take one more."""
    wanted = [
        at
        for at, one in enumerate(register.listings)
        if register.company_ids[one.company or ""] != asked
        or register.listing_ids[one.id] == listing_id
    ]
    return replace(
        register,
        companies=[
            replace(one, capacity=1, paused=False) for one in register.companies
        ],
        listings=[register.listings[at] for at in wanted],
        vectors=[register.vectors[at] for at in wanted],
        history=[],
    )


def _store(
    session: Session,
    computed: Mapping[str, Any],
    asker: UUID,
    *,
    by: UUID,
    at: datetime,
    contact: Contact | None,
) -> UUID:
    register: Register = computed["register"]
    pair = computed["pair"]
    lo, hi = register.company_ids[pair.a], register.company_ids[pair.b]
    session.execute(
        sa.select(Company.id)
        .where(Company.id.in_((lo, hi)))
        .order_by(Company.id)
        .with_for_update()
    )
    _check_asker(session, asker, at)
    if contact is not None:
        choose_contact(session, by, contact)
    round_id = _latest_round(session)
    slots = {
        one: _free_slot(session, round_id, one, asks=one == asker) for one in (lo, hi)
    }
    rows = rows_of(pair, lo, hi, register, round_id, slots, at)
    side = Side.LO if asker == lo else Side.HI
    _insert(session, _half(rows, side, by=by, at=at))
    introduction_id: UUID = rows.introduction["id"]
    record(session, [introduction_id], DecisionAct.RELEASE, at=at, by=by)
    record(session, [introduction_id], DecisionAct.ACCEPT, at=at, by=by, side=side)
    return introduction_id


def _half(rows: Draft, side: Side, *, by: UUID, at: datetime) -> Draft:
    """Shown to both at once, accepted by the one that asks."""
    decided = {
        "state": State.HALF,
        "slot": Slot.PINNED,
        "propensity": 1.0,
        "shown_at": at,
        "expires_at": at + timedelta(days=DAYS_TO_ANSWER),
        f"{side.value}_decision": Decision.ACCEPTED,
        f"{side.value}_decided_at": at,
        f"{side.value}_person_id": by,
    }
    return replace(rows, introduction=rows.introduction | decided)


def _insert(session: Session, rows: Draft) -> None:
    session.execute(sa.insert(Introduction), [rows.introduction])
    session.execute(sa.insert(Match), rows.matches)
    session.execute(sa.insert(IntroductionSlot), rows.slots)


def _check_pair(session: Session, asker: UUID, asked: UUID) -> None:
    apart = session.scalar(
        sa.select(Avoidance.company_id).where(
            sa.or_(
                sa.and_(Avoidance.company_id == asker, Avoidance.other_id == asked),
                sa.and_(Avoidance.company_id == asked, Avoidance.other_id == asker),
            )
        )
    )
    if apart is not None:
        raise Conflict(NOT_NOW)


def _check_asker(session: Session, company_id: UUID, at: datetime) -> None:
    company = session.get_one(Company, company_id)
    if open_count(session, company_id, at) >= company.max_open:
        raise NoCapacity
    waiting = session.scalar(
        sa.select(sa.func.count(Introduction.id)).where(
            Introduction.state.in_(OPEN_STATES),
            Introduction.slot == Slot.PINNED,
            sa.or_(
                sa.and_(
                    Introduction.company_lo_id == company_id,
                    Introduction.lo_decided_at == Introduction.created_at,
                ),
                sa.and_(
                    Introduction.company_hi_id == company_id,
                    Introduction.hi_decided_at == Introduction.created_at,
                ),
            ),
        )
    )
    if (waiting or 0) >= MOST_ASKED:
        raise Conflict(TOO_MANY)


def _latest_round(session: Session) -> UUID:
    found = session.scalar(
        sa.select(Round.id)
        .where(Round.released_at.is_not(None))
        .order_by(Round.released_at.desc())
        .limit(1)
    )
    if found is None:
        raise Conflict(NO_ROUND)
    return found


def _free_slot(
    session: Session, round_id: UUID, company_id: UUID, *, asks: bool
) -> int:
    """A place in the round. Who is asked never gets more than it wants a week."""
    taken = session.scalar(
        sa.select(sa.func.max(IntroductionSlot.slot)).where(
            IntroductionSlot.round_id == round_id,
            IntroductionSlot.company_id == company_id,
        )
    )
    company = session.get_one(Company, company_id)
    most = LAST_SLOT if asks else min(company.capacity, LAST_SLOT)
    slot = (taken or 0) + 1
    if slot > most:
        raise Conflict(NOT_NOW)
    return slot
