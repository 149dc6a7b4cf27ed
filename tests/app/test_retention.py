"""What is kept how long: declared for every column, and held over five years."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app import db
from app.models import (
    KEEPINGS,
    AuditEvent,
    Base,
    Company,
    CompanyStatus,
    ConsentAction,
    ConsentEvent,
    ConsentKind,
    Cooldown,
    DecisionEvent,
    DeclineReason,
    Erasure,
    Introduction,
    IntroductionSlot,
    Keeping,
    Kind,
    Listing,
    MailKind,
    Match,
    Meeting,
    MeetingKind,
    OutboxMail,
    Person,
    RateLimit,
    RetentionLimit,
    Round,
    SignInLink,
    State,
    Uncovered,
    UnmetNeed,
)
from app.models import keeping as kept
from app.models.keeping import declare, undeclared
from app.services import (
    consent,
    erasure,
    feedback,
    introductions,
    meetings,
    outbox,
    retention,
)
from tests import factories
from tests.factories import MONDAY
from tools import keeping as tools_keeping

DAY = timedelta(days=1)
YEAR = timedelta(days=365)
MONTH = timedelta(days=30)
# Whatever is done with an introduction of the simulation is done within this time.
STEPS_WITHIN = timedelta(days=45)


class TestDeclarations:
    def test_every_column_says_what_it_is_and_how_long_it_is_kept(self):
        assert undeclared(Base.metadata) == []

    def test_a_column_that_says_nothing_is_found(self):
        metadata = sa.MetaData()
        table = sa.Table("t", metadata, sa.Column("a"), sa.Column("b"))

        declare(table, kept.MAIL, fact="a")

        assert undeclared(metadata) == ["t.b"]

    @pytest.mark.parametrize(("names", "error"), [("c", KeyError), ("a a", ValueError)])
    def test_a_wrong_declaration_is_refused(self, names: str, error: type[Exception]):
        table = sa.Table("t", sa.MetaData(), sa.Column("a"))

        with pytest.raises(error):
            declare(table, kept.MAIL, fact=names)

    def test_every_kind_of_data_is_used_and_has_a_name_of_its_own(self):
        used = {
            column.info["kept"].key
            for table in Base.metadata.sorted_tables
            for column in table.columns
        }

        assert used == {one.key for one in KEEPINGS}
        assert len({one.name for one in KEEPINGS}) == len(KEEPINGS)

    def test_figures_of_a_text_are_those_that_the_job_deletes_by(self):
        for one in KEEPINGS:
            shown = one.until % one.numbers if one.numbers else one.until
            assert "%" not in shown
            for number in one.numbers.values():
                assert str(number) in shown

    def test_the_table_of_the_documents_is_made_of_them(self):
        text = tools_keeping.FILE.read_text()

        assert tools_keeping.renewed(text) == text


def limit(keeping: Keeping, name: str = "") -> timedelta:
    """Days said in words, counted here anew."""
    name = name or next(iter(keeping.numbers))
    return (YEAR if name.startswith("years") else DAY) * keeping.numbers[name]


INTRODUCTIONS = limit(kept.INTRODUCTION) + STEPS_WITHIN

# Of every table: the times that may not be older, and by how much. The test below
# fails for a table that is missing here.
OLDEST: dict[str, list[tuple[Any, timedelta, Any]]] = {
    "person": [
        (Person.erased_at, limit(kept.ERASURE) + MONTH, sa.true()),
        (
            Person.created_at,
            limit(kept.ACCOUNT, "unconfirmed"),
            Person.confirmed_at.is_(None) & Person.erased_at.is_(None),
        ),
        (
            Person.unseated_at,
            limit(kept.ACCOUNT, "unseated"),
            Person.erased_at.is_(None),
        ),
    ],
    "company": [
        (Company.erased_at, INTRODUCTIONS, sa.true()),
        (
            Company.created_at,
            limit(kept.COMPANY, "applied"),
            Company.status.in_((CompanyStatus.APPLIED, CompanyStatus.REFUSED)),
        ),
    ],
    "listing": [
        (Listing.closed_at, limit(kept.LISTING), sa.true()),
        # Runs out 180 days after it was written.
        (Listing.created_at, limit(kept.LISTING) + 182 * DAY, sa.true()),
    ],
    "introduction": [(Introduction.created_at, INTRODUCTIONS, sa.true())],
    "decision_event": [(DecisionEvent.at, INTRODUCTIONS, sa.true())],
    "feedback": [],  # with their introduction: see ORPHANS
    "match": [],
    "meeting": [(Meeting.proposed_at, INTRODUCTIONS, sa.true())],
    "contact_release": [],
    "introduction_slot": [],
    "listing_topic": [],
    "cooldown": [(Cooldown.until, timedelta(0), sa.true())],
    "consent_event": [
        (
            ConsentEvent.at,
            limit(kept.CONSENT),
            ConsentEvent.action == ConsentAction.WITHDRAWN,
        )
    ],
    "outbox_mail": [(OutboxMail.created_at, limit(kept.MAIL), sa.true())],
    "audit_event": [(AuditEvent.at, limit(kept.AUDIT), sa.true())],
    "round": [(Round.created_at, INTRODUCTIONS, sa.true())],
    "round_edit": [],
    "uncovered": [],
    "unmet_need": [],
    "sign_in_link": [(SignInLink.expires_at, limit(kept.SIGN_IN), sa.true())],
    "rate_limit": [(RateLimit.expires_at, limit(kept.TRIES), sa.true())],
    "erasure": [(Erasure.at, limit(kept.ERASURE), sa.true())],
}
# Kept by an act or as long as the service runs: no clock.
BY_ACT = {
    *("avoidance", "block", "role", "person_role", "topic", "lease"),
    *("matching_settings", "retention_limit"),
}


class Years:
    """An association that goes on, a month at a time."""

    regulars: ClassVar[int] = 2

    def __init__(self) -> None:
        self.members = [self._member(MONDAY) for _ in range(self.regulars)]
        self.number = 0

    def month(self, at: datetime) -> None:
        self.number += 1
        guest = self._member(at)
        week = self._round(at)
        for other, name in zip(self.members, ("connect", "decline"), strict=True):
            self._introduce(week, guest, other, name, at)
        self._visitors(at)
        self._notes(week, guest[0], at)
        if self.number % 2:
            erasure.erase_account(guest[1], at=at + 20 * DAY)

    def _member(self, at: datetime) -> tuple[UUID, UUID]:
        company = factories.company(created_at=at, approved_at=at)
        person = factories.person(company, created_at=at, confirmed_at=at)
        return company.id, person.id

    def _round(self, at: datetime) -> Round:
        year, week, _ = at.isocalendar()
        return factories.round_(
            f"{year}-W{week:02}", created_at=at, computed_at=at, released_at=at
        )

    def _introduce(
        self,
        week: Round,
        guest: tuple[UUID, UUID],
        other: tuple[UUID, UUID],
        name: str,
        at: datetime,
    ) -> None:
        a, b = (db.session().get_one(Company, one[0]) for one in (guest, other))
        row = factories.introduction(
            week, a, b, created_at=at, shown_at=at, expires_at=at + 14 * DAY
        )
        identity = row.id
        self._date_listings(identity, at)
        if name == "decline":
            introductions.decline(
                identity, DeclineReason.NO_TIME, by=guest[1], at=at + DAY
            )
            return
        for one in (guest, other):
            introductions.accept(identity, by=one[1], at=at + DAY)
        when = (at + 10 * DAY).replace(tzinfo=None)
        proposal = meetings.Proposal([when], 30, MeetingKind.VIDEO)
        made = meetings.propose(identity, proposal, by=guest[1], at=at + DAY)
        meetings.choose(identity, made, 1, by=other[1], at=at + 2 * DAY)
        given = feedback.Given(True, feedback.Outcome.HELPFUL, 4, "Hat geholfen.")
        feedback.give(identity, given, by=other[1], at=at + 16 * DAY)

    def _date_listings(self, introduction_id: UUID, at: datetime) -> None:
        """Those that the factory made are written today; half of them close soon."""
        with db.transaction() as session:
            for match in session.scalars(
                sa.select(Match).where(Match.introduction_id == introduction_id)
            ):
                for one in (match.need, match.offering):
                    one.created_at = one.updated_at = at
                    one.valid_until = (at + 180 * DAY).date()
                match.need.status, match.need.closed_at = "closed", at + 40 * DAY

    def _visitors(self, at: datetime) -> None:
        """Accounts that never come to anything."""
        factories.person(created_at=at, confirmed_at=None)
        factories.person(created_at=at, confirmed_at=at, unseated_at=at)
        applied = factories.company(
            status=CompanyStatus.APPLIED, approved_at=None, created_at=at
        )
        factories.person(applied, created_at=at, confirmed_at=at)

    def _notes(self, week: Round, company_id: UUID, at: datetime) -> None:
        member = self.members[0][1]
        kinds = list(ConsentKind)
        kind = kinds[self.number % len(kinds)]
        consent.choose(member, [kind], at=at)
        consent.grant(member, [kind], at=at)
        with db.transaction() as session:
            outbox.enqueue(
                session, MailKind.SECURITY, member, at=at, dedupe_key=f"{self.number}"
            )
            need = session.scalars(
                sa.select(Listing.id).where(
                    Listing.company_id == company_id, Listing.kind == Kind.NEED
                )
            ).first()
            session.add_all(
                [
                    UnmetNeed(round_id=week.id, listing_id=need),
                    Uncovered(
                        round_id=week.id, company_id=company_id, reason="no_candidate"
                    ),
                    AuditEvent(action="tested", detail={"reason": "Grund"}, at=at),
                    SignInLink(token_hash=uuid4().hex, person_id=member, expires_at=at),
                    RateLimit(key=uuid4().hex, hits=1, expires_at=at),
                ]
            )


@pytest.fixture
def years(database: str) -> Years:
    return Years()


def count(table: Any) -> int:
    return db.session().scalar(sa.select(sa.func.count()).select_from(table)) or 0


def too_old(at: datetime) -> list[str]:
    """Rows that are still there though their declared time is over."""
    db.session().rollback()
    found = []
    for name, rules in OLDEST.items():
        for column, span, which in rules:
            oldest = db.session().scalar(sa.select(sa.func.min(column)).where(which))
            if oldest is not None and oldest < at - span:
                found.append(f"{name}: {column.key} {oldest}")
    db.session().rollback()
    return found


def test_the_simulation_knows_every_table():
    assert set(Base.metadata.tables) == OLDEST.keys() | BY_ACT


def test_nothing_is_kept_beyond_its_time_in_five_years(years: Years):
    at = MONDAY
    most: dict[str, int] = {}
    while at < MONDAY + 5 * YEAR:
        years.month(at)
        for table in Base.metadata.sorted_tables:
            most[table.name] = max(most.get(table.name, 0), count(table))
        at += MONTH
        retention.forget(at=at)
        assert too_old(at) == []

    # It was not empty all the time, and what still counts is still there.
    for name in OLDEST.keys() - {"round_edit", "listing_topic"}:
        assert most[name] > 0, name
    session = db.session()
    ages = session.execute(
        sa.select(sa.func.min(Introduction.created_at), sa.func.count(Introduction.id))
    ).one()
    assert at - 3 * YEAR - 2 * MONTH < ages[0] < at - 3 * YEAR + 2 * MONTH
    assert ages[1] > 60
    for company_id, person_id in years.members:
        assert session.get_one(Company, company_id).status is CompanyStatus.APPROVED
        assert session.get_one(Person, person_id).active
    agreed = [one for one, yes in consent.state(session, years.members[0][1]).items()]
    assert len(agreed) == len(ConsentKind)

    # And once nothing happens any more, nothing is left of what has an end.
    # Companies first, then the accounts that lost them, then what erasing them left.
    for later in (4, 8, 12):
        retention.forget(at=at + later * YEAR)
    for table in (Introduction, IntroductionSlot, DecisionEvent, Round, Erasure):
        assert count(table) == 0, table
    assert count(AuditEvent) == count(OutboxMail) == count(Cooldown) == 0
    gone = sa.select(Person.id).where(Person.erased_at.is_not(None))
    assert session.scalars(gone).all() == []


class TestConsents:
    person_id: UUID

    @pytest.fixture(autouse=True)
    def someone(self, database: str) -> None:
        self.person_id = factories.person(factories.company()).id

    def act(self, action: ConsentAction, at: datetime) -> None:
        factories.add(
            ConsentEvent(
                person_id=self.person_id,
                kind=ConsentKind.DIGEST,
                action=action,
                at=at,
                wording="1",
                source="page",
            )
        )

    def left(self) -> list[ConsentAction]:
        db.session().rollback()
        return list(
            db.session().scalars(
                sa.select(ConsentEvent.action).order_by(ConsentEvent.at)
            )
        )

    def test_one_that_stands_is_kept_however_old(self):
        self.act(ConsentAction.GRANTED, MONDAY)

        retention.forget(at=MONDAY + 10 * YEAR)

        assert self.left() == [ConsentAction.GRANTED]

    def test_one_that_was_taken_back_does_not_come_to_life_again(self):
        self.act(ConsentAction.GRANTED, MONDAY)
        self.act(ConsentAction.WITHDRAWN, MONDAY)  # of the same instant
        self.act(ConsentAction.GRANTED, MONDAY + YEAR)
        self.act(ConsentAction.WITHDRAWN, MONDAY + 2 * YEAR)

        retention.forget(at=MONDAY + 3 * YEAR + DAY)
        soon = self.left()
        retention.forget(at=MONDAY + 5 * YEAR + DAY)

        assert soon == [ConsentAction.GRANTED, ConsentAction.WITHDRAWN]
        assert self.left() == []

    def test_asking_again_does_not_end_what_stands(self):
        self.act(ConsentAction.GRANTED, MONDAY)
        self.act(ConsentAction.REQUESTED, MONDAY + DAY)

        retention.forget(at=MONDAY + 10 * YEAR)

        assert self.left() == [ConsentAction.GRANTED]


class TestGates:
    """The append-only tables, whatever the code above them does."""

    @pytest.fixture(autouse=True)
    def event(self, database: str) -> None:
        factories.add(AuditEvent(action="a", detail={"reason": "x"}, at=MONDAY))

    def refused(self, statement: Any) -> None:
        with (
            pytest.raises(IntegrityError, match=r"only appended|moves back"),
            db.transaction() as session,
        ):
            session.execute(statement)

    def done(self, statement: Any) -> None:
        with db.transaction() as session:
            session.execute(statement)

    def open(self, before: datetime, table: str = "audit_event") -> None:
        factories.add(RetentionLimit(table_name=table, before=before))

    def test_no_row_goes_before_the_limit(self):
        self.refused(sa.delete(AuditEvent))
        self.open(MONDAY)
        self.refused(sa.delete(AuditEvent))
        self.open(MONDAY + YEAR, "decision_event")  # another table's
        self.refused(sa.delete(AuditEvent))

    def test_older_ones_go(self):
        self.open(MONDAY + DAY)

        self.done(sa.delete(AuditEvent))

        assert count(AuditEvent) == 0

    def test_a_limit_never_moves_back(self):
        self.open(MONDAY)

        self.refused(sa.update(RetentionLimit).values(before=MONDAY - DAY))
        self.refused(sa.update(RetentionLimit).values(table_name="consent_event"))

    def test_a_detail_may_become_empty_and_nothing_else(self):
        write: Callable[..., Any] = sa.update(AuditEvent).values
        self.refused(write(detail={"reason": "y"}))
        self.refused(write(detail={}, action="b"))
        self.refused(write(detail={}, actor_id=uuid4()))
        self.refused(write(detail={}, at=MONDAY + DAY))

        self.done(write(detail={}))

        assert db.session().scalars(sa.select(AuditEvent.detail)).all() == [{}]

    def test_the_limit_is_for_these_tables_only(self):
        with pytest.raises(IntegrityError):
            self.open(MONDAY, "person")


def test_a_run_that_finds_nothing_changes_nothing(database: str):
    introduction = factories.introduction()
    assert introduction.state is State.PROPOSED

    assert retention.forget(at=MONDAY + DAY) == {}

    assert count(Introduction) == 1
