"""Any order of events: a model of the rules and the database say the same.

The model knows no SQL: it is the table of trust.md written down once more. A hub
company, which allows two open introductions, is paired with three others.
"""

import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from app import db
from app.errors import AlreadyDecided, Conflict, NoCapacity, NoLongerOpen
from app.models import (
    Company,
    ContactRelease,
    Cooldown,
    Decision,
    DeclineReason,
    Introduction,
    OutboxMail,
    Round,
    Side,
    State,
)
from app.services import introductions
from app.services.introductions import Answer, Standing
from app.services.introductions_sides import sides as sides_of
from tests import factories
from tests.factories import MONDAY

NIGHTLY = bool(os.environ.get("HANDSCHLAG_NIGHTLY"))
RUNS = int(os.environ.get("MACHINE_RUNS", "5000" if NIGHTLY else "60"))
STEPS = int(os.environ.get("MACHINE_STEPS", "80" if NIGHTLY else "30"))

PARTNERS = 3
HUB_ALLOWS = 2
BUSY = timedelta(days=42)

Outcome = Standing | type[Exception]

pairs = st.integers(0, PARTNERS - 1)
sides = st.sampled_from(Side)


@dataclass
class Model:
    """What is true of one introduction."""

    id: UUID
    companies: dict[Side, UUID]
    persons: dict[Side, UUID]
    expires: datetime
    state: State = State.PROPOSED
    answer: dict[Side, Answer] = field(
        default_factory=lambda: dict.fromkeys(Side, Answer.NONE)
    )
    recorded: dict[Side, Decision] = field(
        default_factory=lambda: dict.fromkeys(Side, Decision.PENDING)
    )
    ended_by: set[Side] = field(default_factory=set)
    seen: set[Side] = field(default_factory=set)
    connected_at: datetime | None = None
    rests_until: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.state in (State.PROPOSED, State.HALF)

    def standing(self, side: Side, now: datetime) -> Standing:
        if self.state is State.CONNECTED:
            return Standing.CONNECTED
        own = self.answer[side]
        if own in (Answer.DECLINED, Answer.WITHDRAWN) or side in self.ended_by:
            return Standing.ENDED
        if now >= self.expires:
            return Standing.ENDED
        return Standing.WAITING if own is Answer.ACCEPTED else Standing.ASKED

    def keeps_busy(self, side: Side, now: datetime) -> bool:
        if self.connected_at is not None:
            return now < self.connected_at + BUSY
        return self.standing(side, now) is Standing.WAITING

    def close(self, state: State, now: datetime, weeks: int | None) -> None:
        self.state = state
        if weeks is not None:
            self.rests_until = now + timedelta(weeks=weeks)

    def accept(self, side: Side, now: datetime, *, full: bool) -> Outcome:
        before = self.standing(side, now)
        if before in (Standing.CONNECTED, Standing.WAITING):
            return before
        if before is Standing.ENDED:
            declined = self.answer[side] is Answer.DECLINED
            return AlreadyDecided if declined else NoLongerOpen
        if full:
            return NoCapacity
        self.answer[side] = Answer.ACCEPTED
        if self.is_open or self.state is State.DECLINED:
            self.recorded[side] = Decision.ACCEPTED
        if self.state is State.HALF:
            self.close(State.CONNECTED, now, 104)
            self.connected_at = now
        elif self.state is State.PROPOSED:
            self.state = State.HALF
        return self.standing(side, now)

    def decline(self, side: Side, now: datetime) -> Outcome:
        own = self.answer[side]
        if own is Answer.DECLINED:
            return Standing.ENDED
        if own is Answer.ACCEPTED:
            return AlreadyDecided
        if self.standing(side, now) is Standing.ENDED:
            return NoLongerOpen
        self.answer[side] = Answer.DECLINED
        if self.is_open or self.state is State.DECLINED:
            self.recorded[side] = Decision.DECLINED
        if self.is_open:
            self.close(State.DECLINED, now, 26)
        return Standing.ENDED

    def withdraw(self, side: Side, now: datetime) -> Outcome:
        own = self.answer[side]
        if own is Answer.WITHDRAWN:
            return Standing.ENDED
        if own is not Answer.ACCEPTED:
            return AlreadyDecided if own is Answer.DECLINED else Conflict
        if self.standing(side, now) is not Standing.WAITING:
            return NoLongerOpen
        self.answer[side] = Answer.WITHDRAWN
        if self.state is State.HALF:
            self.close(State.WITHDRAWN, now, 26)
        return Standing.ENDED

    def expire(self, now: datetime) -> bool:
        if not self.is_open or now < self.expires:
            return False
        opened = any(self.recorded[one] is Decision.PENDING for one in self.seen)
        self.close(State.EXPIRED, now, 8 if opened else 4)
        return True

    def cancel(self, by: Side | None = None) -> None:
        if self.is_open:
            self.state = State.CANCELLED
            if by is not None:
                self.ended_by.add(by)


class Machine(RuleBasedStateMachine):
    """Members, organizers and the clock do what they like."""

    def __init__(self) -> None:
        super().__init__()
        self.now = MONDAY
        self.hub = factories.company(max_open=HUB_ALLOWS).id
        hub_person = factories.person(self.company(self.hub)).id
        week = factories.round_(f"{self.number():04d}-W01").id
        self.all = [self.paired(week, hub_person) for _ in range(PARTNERS)]

    def number(self) -> int:
        return (db.session().scalar(select(func.count()).select_from(Round)) or 0) + 1

    def company(self, identity: UUID) -> Company:
        return db.session().get_one(Company, identity)

    def paired(self, week: UUID, hub_person: UUID) -> Model:
        other = factories.company(max_open=1)
        other_person = factories.person(other).id
        row = factories.introduction(
            db.session().get_one(Round, week), self.company(self.hub), other
        )
        hub_side = row.side_of(self.hub)
        assert hub_side is not None
        return Model(
            id=row.id,
            companies={Side.LO: row.company_lo_id, Side.HI: row.company_hi_id},
            persons={hub_side: hub_person, hub_side.other: other_person},
            expires=MONDAY + timedelta(days=14),
        )

    def busy(self, company: UUID) -> int:
        return sum(
            one.keeps_busy(side, self.now)
            for one in self.all
            for side in Side
            if one.companies[side] == company
        )

    @rule(which=pairs, side=sides)
    def accept(self, which: int, side: Side) -> None:
        one = self.all[which]
        company = one.companies[side]
        full = self.busy(company) >= (HUB_ALLOWS if company == self.hub else 1)
        expected = one.accept(side, self.now, full=full)
        self.compare(
            expected, introductions.accept, one.id, by=one.persons[side], at=self.now
        )

    @rule(which=pairs, side=sides)
    def decline(self, which: int, side: Side) -> None:
        one = self.all[which]
        expected = one.decline(side, self.now)
        self.compare(
            expected,
            introductions.decline,
            one.id,
            DeclineReason.OTHER,
            by=one.persons[side],
            at=self.now,
        )

    @rule(which=pairs, side=sides)
    def withdraw(self, which: int, side: Side) -> None:
        one = self.all[which]
        expected = one.withdraw(side, self.now)
        self.compare(
            expected, introductions.withdraw, one.id, by=one.persons[side], at=self.now
        )

    @rule(which=pairs)
    def an_organizer_cancels(self, which: int) -> None:
        self.all[which].cancel()
        with db.transaction() as session:
            introductions.cancel(session, self.all[which].id, "organizer", at=self.now)

    @rule(which=pairs, side=sides)
    def a_company_pauses(self, which: int, side: Side) -> None:
        company = self.all[which].companies[side]
        for one in self.all:
            for own in Side:
                if one.companies[own] == company:
                    one.cancel(own)
        with db.transaction() as session:
            introductions.cancel_for_company(session, company, "paused", at=self.now)

    @rule(which=pairs, side=sides)
    def somebody_looks(self, which: int, side: Side) -> None:
        company = self.all[which].companies[side]
        for one in self.all:
            for own in Side:
                if (
                    one.companies[own] == company
                    and one.recorded[own] is Decision.PENDING
                    and self.now < one.expires
                ):
                    one.seen.add(own)
        introductions.see_all(by=self.all[which].persons[side], at=self.now)

    @rule()
    def the_sweep_runs(self) -> None:
        expected = sum([one.expire(self.now) for one in self.all])
        assert introductions.expire_due(at=self.now) == expected

    @rule(hours=st.sampled_from([1, 24, 24 * 5, 24 * 43]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @precondition(lambda self: self.now < self.all[0].expires)
    @rule()
    def the_expiry_instant_comes(self) -> None:
        self.now = self.all[0].expires

    def compare(self, expected: Outcome, act: Any, *args: Any, **options: Any) -> None:
        try:
            answer: object = act(*args, **options)
        except Conflict as refused:
            answer = type(refused)
        assert answer is expected

    @invariant()
    def the_database_says_the_same(self) -> None:
        db.session().rollback()
        ids = [one.id for one in self.all]
        found = db.session().scalars(
            select(Introduction).where(Introduction.id.in_(ids))
        )
        rows = {row.id: row for row in found}
        rests = self.rests()
        releases = self.count(ContactRelease.introduction_id)
        mails = self.count(OutboxMail.subject_id)
        for one in self.all:
            row = rows[one.id]
            assert row.state is one.state
            assert {side: row.decision(side) for side in Side} == one.recorded
            assert row.connected_at == one.connected_at
            assert rests.get(row.company_lo_id, {}).get(row.company_hi_id) == (
                one.rests_until
            )
            # Contacts and mails go with the connection, and with nothing else.
            expected = 2 if one.state is State.CONNECTED else 0
            assert releases.get(one.id, 0) == mails.get(one.id, 0) == expected

    @invariant()
    def each_side_sees_what_it_may_and_is_not_too_busy(self) -> None:
        db.session().rollback()
        for company in {id_ for one in self.all for id_ in one.companies.values()}:
            seen = {
                one.introduction_id: one
                for one in sides_of(db.session(), company, self.now)
            }
            for one in self.all:
                for side in Side:
                    if one.companies[side] == company:
                        assert seen[one.id].standing is one.standing(side, self.now)
                        assert seen[one.id].answer is one.answer[side]
            busy = sum(one.keeps_busy(self.now) for one in seen.values())
            assert busy == self.busy(company)
            assert busy <= (HUB_ALLOWS if company == self.hub else 1)

    def rests(self) -> dict[UUID, dict[UUID, datetime]]:
        rows = db.session().execute(
            select(Cooldown.company_lo_id, Cooldown.company_hi_id, Cooldown.until)
        )
        found: dict[UUID, dict[UUID, datetime]] = {}
        for lo, hi, until in rows:
            found.setdefault(lo, {})[hi] = until
        return found

    def count(self, column: Any) -> dict[UUID, int]:
        rows = db.session().execute(
            select(column, func.count())
            .where(column.in_([one.id for one in self.all]))
            .group_by(column)
        )
        return {row[0]: row[1] for row in rows}

    def teardown(self) -> None:
        """Leave nothing open that the next run's sweep would find."""
        with db.transaction() as session:
            for one in self.all:
                introductions.cancel(session, one.id, "organizer", at=self.now)


@pytest.mark.usefixtures("database")
def test_the_model_and_the_database_agree():
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
