"""A member whose every field says the same strange word, in every state there is:
`canary_search.py` looks for it in all that could still hold it."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from app import db
from app.models import (
    AuditEvent,
    Avoidance,
    Company,
    ConsentAction,
    ConsentEvent,
    ConsentKind,
    DeclineReason,
    EditKind,
    Introduction,
    Kind,
    Listing,
    ListingTopic,
    MailKind,
    MailState,
    Match,
    MeetingKind,
    OutboxMail,
    Person,
    Round,
    RoundEdit,
    SignInLink,
    State,
    Topic,
)
from app.services import feedback, introductions, meetings
from tests import factories
from tests.factories import MONDAY

CANARY = "kanarienvogelzwitschert"
SOON = MONDAY + timedelta(hours=1)
LATER = MONDAY + timedelta(days=1)


@dataclass
class Flock:
    """Ids of what was made."""

    company_id: UUID
    person_id: UUID
    colleague_id: UUID | None
    introductions: dict[str, UUID]
    others: dict[str, UUID]  # the person of the other side, by the same names
    queued_id: UUID


def flock(*, colleague: bool = False) -> Flock:
    """A company with one person (and a colleague), and introductions in all states."""
    company = _company()
    person = _person(company)
    mate = factories.person(company, created_at=LATER) if colleague else None
    made: dict[str, UUID] = {}
    others: dict[str, UUID] = {}
    weeks = iter(range(10, 30))
    for name in (
        *("draft", "proposed", "half_mine", "half_theirs", "connected"),
        *("declined_mine", "declined_theirs", "withdrawn_mine", "cancelled", "blocked"),
    ):
        other = factories.company(name=f"Andere {name} GmbH", show_name=True)
        others[name] = factories.person(other).id
        made[name] = _introduce(company, other, f"2026-W{next(weeks)}")
        _move(name, made[name], person.id, others[name])
    flock = Flock(
        company.id, person.id, mate.id if mate else None, made, others, uuid4()
    )
    _talk(flock)
    _write_down(flock)
    return flock


def _company() -> Company:
    return factories.company(
        name=f"{CANARY} GmbH",
        name_key=CANARY,
        status_reason=CANARY,
        member_number=CANARY,
        place=CANARY,
        about=CANARY,
        areas=[CANARY],
    )


def _person(company: Company) -> Person:
    return factories.person(
        company,
        name=f"Kim {CANARY}",
        position=CANARY,
        phone=CANARY,
        email=f"{CANARY}@firma.example",
        password=CANARY,
        fs_uniquifier=CANARY,
        last_login_ip=CANARY,
        current_login_ip=CANARY,
        tf_totp_secret=CANARY,
        tf_phone_number=CANARY,
        us_totp_secrets=CANARY,
        us_phone_number=CANARY,
        mf_recovery_codes=[CANARY],
        release_phone=True,
    )


def _introduce(company: Company, other: Company, week: str) -> UUID:
    row = factories.introduction(factories.round_(week), company, other)
    identity = row.id
    with db.transaction() as session:
        for match in session.scalars(
            sa.select(Match).where(Match.introduction_id == identity)
        ):
            match.reasons = [{"code": "words", "values": {"words": [CANARY]}}]
    return identity


def _move(name: str, identity: UUID, mine: UUID, theirs: UUID) -> None:
    """From proposed to the state that the name says."""
    accept, decline = introductions.accept, introductions.decline
    with db.transaction() as session:
        person = session.get_one(Person, mine)
        session.get_one(Company, person.company_id).max_open = 20
    if name == "draft":
        _set(identity, state=State.DRAFT, shown_at=None, expires_at=None)
    elif name in ("half_mine", "withdrawn_mine"):
        accept(identity, by=mine, at=SOON)
    elif name in ("half_theirs",):
        accept(identity, by=theirs, at=SOON)
    elif name in ("connected", "blocked"):
        accept(identity, by=mine, at=SOON)
        accept(identity, by=theirs, at=SOON)
    elif name == "declined_mine":
        decline(identity, DeclineReason.TOO_FAR, by=mine, at=SOON)
    elif name == "declined_theirs":
        decline(identity, DeclineReason.TOO_FAR, by=theirs, at=SOON)
    elif name == "cancelled":
        with db.transaction() as session:
            introductions.cancel(session, identity, "organizer", at=SOON)
    if name == "withdrawn_mine":
        introductions.withdraw(identity, by=mine, at=SOON)


def _set(identity: UUID, **values: Any) -> None:
    with db.transaction() as session:
        session.execute(
            sa.update(Introduction).where(Introduction.id == identity).values(**values)
        )


def _talk(flock: Flock) -> None:
    """Dates, feedback of both sides, a complaint."""
    identity, mine = flock.introductions["connected"], flock.person_id
    theirs = flock.others["connected"]
    for by, chosen_by in ((mine, theirs), (theirs, None)):
        made = meetings.propose(
            identity,
            meetings.Proposal(
                [(MONDAY + timedelta(days=9)).replace(tzinfo=None)],
                45,
                MeetingKind.PHONE,
                f"bei {CANARY}",
            ),
            by=by,
            at=LATER,
        )
        if chosen_by:
            meetings.choose(identity, made, 1, by=chosen_by, at=LATER)
    for by in (mine, theirs):
        given = feedback.Given(True, feedback.Outcome.HELPFUL, 5, f"Dank an {CANARY}")
        feedback.give(identity, given, by=by, at=LATER)
    introductions.complain(
        flock.introductions["blocked"],
        f"{CANARY} will nur verkaufen",
        by=flock.others["blocked"],
        at=LATER,
    )


def _write_down(flock: Flock) -> None:
    """Listings, mails, consents, the log and what else there is."""
    topic = db.session().scalars(sa.select(Topic.id)).first()
    closed, extra = uuid4(), factories.company().id
    consent = uuid4()
    with db.transaction() as session:
        for row in session.scalars(
            sa.select(Listing).where(Listing.company_id == flock.company_id)
        ):
            row.title = row.text = CANARY
            row.vector, row.author_id = CANARY.encode(), flock.person_id
        week = session.scalars(sa.select(Round.id)).first()
        session.add_all(
            [
                _listing(closed, flock),
                Avoidance(
                    company_id=flock.company_id, other_id=extra, created_at=MONDAY
                ),
                RoundEdit(
                    round_id=week,
                    company_lo_id=min(flock.company_id, extra),
                    company_hi_id=max(flock.company_id, extra),
                    kind=EditKind.PIN,
                    by_id=flock.person_id,
                    at=MONDAY,
                ),
                SignInLink(
                    token_hash=CANARY, person_id=flock.person_id, expires_at=LATER
                ),
                ConsentEvent(
                    id=consent,
                    person_id=flock.person_id,
                    kind=ConsentKind.DIGEST,
                    action=ConsentAction.GRANTED,
                    at=MONDAY,
                    wording="2026-11",
                    source="page",
                ),
                *_audit(flock),
            ]
        )
        session.flush()
        session.add(ListingTopic(listing_id=closed, topic_id=topic, weight=0.5))
        session.add_all(_mails(flock, consent))


def _listing(identity: UUID, flock: Flock) -> Listing:
    return Listing(
        id=identity,
        company_id=flock.company_id,
        author_id=flock.person_id,
        kind=Kind.NEED,
        title=CANARY,
        text=CANARY,
        help_kinds=[CANARY],
        vector=CANARY.encode(),
        status="closed",
        closed_at=MONDAY,
        valid_until=date(2027, 1, 1),
        created_at=MONDAY,
        updated_at=MONDAY,
    )


def _audit(flock: Flock) -> list[AuditEvent]:
    subjects = (
        ("company", flock.company_id, {"from": CANARY, "to": CANARY}),
        ("person", flock.person_id, {"reason": CANARY}),
        ("introduction", flock.introductions["connected"], {"reason": CANARY}),
    )
    return [
        AuditEvent(
            actor_id=None,
            action="tested",
            subject_kind=kind,
            subject_id=str(identity),
            detail=detail,
            at=MONDAY,
        )
        for kind, identity, detail in subjects
    ]


def _mails(flock: Flock, consent: UUID) -> list[OutboxMail]:
    states = (
        (flock.queued_id, MailState.QUEUED, {}),
        (uuid4(), MailState.SENT, {"sent_at": MONDAY}),
        (uuid4(), MailState.HELD, {}),
        (
            uuid4(),
            MailState.SENDING,
            {"lease_token": uuid4(), "lease_until": LATER, "begun_at": MONDAY},
        ),
        (uuid4(), MailState.DEAD, {}),
    )
    return [
        OutboxMail(
            id=identity,
            kind=MailKind.DIGEST,
            person_id=flock.person_id,
            params={"word": CANARY},
            dedupe_key=f"{CANARY}:{state}",
            message_id=f"{state}.{CANARY}",
            consent_id=consent,
            state=state,
            due_at=MONDAY,
            give_up_at=LATER,
            created_at=MONDAY,
            error=f"550 {CANARY}@firma.example unknown",
            **more,
        )
        for identity, state, more in states
    ]
