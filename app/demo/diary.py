"""What the invented companies do with their suggestions, in the order of time.

The many decisions are written in bulk, as the rows that the services would have
written; each constraint and trigger of the database watches over them.
"""

import heapq
import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import db
from app.demo import history
from app.demo.association import DemoCompany, DemoListing
from app.demo.corpus import Situation
from app.demo.history import Seen, Told, Verdict
from app.models import (
    DAYS_TO_ANSWER,
    ContactRelease,
    Decision,
    DecisionAct,
    DecisionEvent,
    Feedback,
    Introduction,
    Match,
    Side,
    State,
)
from app.services.introductions_ends import cool_down
from app.services.introductions_sides import BUSY_DAYS

MOST_OPEN = 6  # introductions that may keep a company busy
HELPFUL = 4
READING = timedelta(minutes=4)


@dataclass
class People:
    """Who was written so far, and the truth about them."""

    companies: dict[UUID, DemoCompany] = field(default_factory=dict)
    persons: dict[UUID, UUID] = field(default_factory=dict)  # of each company
    listings: dict[UUID, DemoListing] = field(default_factory=dict)
    listing_ids: dict[str, UUID] = field(default_factory=dict)  # by text

    def add(self, entry: DemoListing, listing_id: UUID) -> None:
        self.listings[listing_id] = entry
        self.listing_ids[entry.text] = listing_id

    def id_of(self, firm: DemoCompany) -> UUID:
        return next(one for one, known in self.companies.items() if known == firm)

    def of(self, case: "Case", side: Side) -> UUID:
        """The person who answers for a side."""
        return self.persons[case.seen.ids[side]]


@dataclass
class Case:
    """An introduction as it stands."""

    seen: Seen
    fit: float
    state: State = State.PROPOSED
    answers: dict[Side, Verdict] = field(default_factory=dict)
    told: set[Side] = field(default_factory=set)  # who gave feedback
    closed_at: datetime | None = None

    @property
    def pair(self) -> tuple[UUID, UUID]:
        return self.seen.ids[Side.LO], self.seen.ids[Side.HI]

    @property
    def expires_at(self) -> datetime:
        return self.seen.shown_at + timedelta(days=DAYS_TO_ANSWER)

    def awaits(self, side: Side) -> bool:
        """A refusal by one side is kept from the other, which still answers."""
        open_to_it = (State.PROPOSED, State.HALF, State.DECLINED)
        return self.state in open_to_it and side not in self.answers

    def keeps_busy(self, side: Side, at: datetime) -> bool:
        """As `introductions_sides.SideOf.keeps_busy`."""
        if self.state is State.CONNECTED and self.closed_at is not None:
            ends = self.closed_at + timedelta(days=BUSY_DAYS)
            return side not in self.told and at < ends
        answer = self.answers.get(side)
        waits = answer is not None and answer.accepts
        return waits and self.state is not State.WITHDRAWN and at < self.expires_at


@dataclass
class _Page:
    """What happened in a stretch of time, to be written at once."""

    cases: dict[UUID, Case] = field(default_factory=dict)
    connected: list[Case] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    rests: list[tuple[Case, datetime]] = field(default_factory=list)
    feedback: list[dict[str, Any]] = field(default_factory=list)
    helped: list[tuple[Case, Side]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, order=True)
class _Act:
    """What a side will do; acts of the same instant keep the order of planning."""

    at: datetime
    number: int
    case: Case = field(compare=False)
    side: Side = field(compare=False)
    does: Verdict | Told | None = field(compare=False)  # None: takes a yes back


class Diary:
    """Knows what everybody will do, and writes it down as time goes by."""

    def __init__(
        self, draw: random.Random, people: People, situations: Mapping[str, Situation]
    ) -> None:
        self.draw = draw
        self.people = people
        self.situations = situations
        self.idle: set[UUID] = set()  # companies that leave everything as it is
        self.quiet: set[UUID] = set()  # companies that tell nothing
        self.of_company: dict[UUID, list[tuple[Case, Side]]] = defaultdict(list)
        self._acts: list[_Act] = []
        self._numbers = count()

    def plan_round(self, round_id: UUID, *, share: float = 1.0) -> None:
        """Foresee what becomes of a round that was just released; `share` of the
        sides look at it at all."""
        session = db.session()
        for seen in shown(session, self.people, round_id):
            case = Case(seen, history.compatibility(seen, self.situations))
            for side in Side:
                self.of_company[seen.ids[side]].append((case, side))
                verdict = history.verdict(self.draw, seen, side, case.fit)
                if verdict is not None and self.draw.random() < share:
                    self._foresee(verdict.at, case, side, verdict)
        session.rollback()

    def live_until(self, end: datetime) -> list[tuple[Case, Side]]:
        """Write down all that happens before `end`; returns whom it helped."""
        self._see_cancelled()
        page = _Page()
        while self._acts and self._acts[0].at < end:
            act = heapq.heappop(self._acts)
            if act.case.seen.ids[act.side] not in self.idle:
                self._live(page, act)
        with db.transaction() as session:
            _write(session, page, self.people)
        return page.helped

    def connected(self) -> list[tuple[Case, Side]]:
        """All connections, from the side that was given something."""
        return [
            (case, side)
            for cases in self.of_company.values()
            for case, side in cases
            if case.state is State.CONNECTED
            and any(giver is side.other for giver, _, _ in case.seen.matches)
        ]

    def interest_in(self, company_id: UUID, *, at: datetime) -> None:
        """Somebody who would help both ways accepts the company and lets it know."""
        for case, side in self.of_company[company_id]:
            if case.seen.is_mutual and case.state is State.PROPOSED:
                self._foresee(at, case, side.other, Verdict(at, tells=True))
                return

    def agreement_with(self, company_id: UUID, *, at: datetime) -> None:
        """The newest of a company's suggestions is accepted by both, at once."""
        for case, _ in reversed(self.of_company[company_id]):
            if case.state is State.PROPOSED:
                for side in Side:
                    self._foresee(at, case, side, Verdict(at))
                return

    def _see_cancelled(self) -> None:
        """Services end introductions too: when a company pauses, a listing closes."""
        session = db.session()
        ended = set(
            session.scalars(
                sa.select(Introduction.id).where(Introduction.state == State.CANCELLED)
            )
        )
        session.rollback()
        for cases in self.of_company.values():
            for case, _ in cases:
                if case.seen.id in ended:
                    case.state = State.CANCELLED

    def _live(self, page: _Page, act: _Act) -> None:
        if isinstance(act.does, Told):
            if act.case.seen.ids[act.side] in self.quiet:
                return
            act.case.told.add(act.side)
            if act.does.helpful is not None and act.does.helpful >= HELPFUL:
                page.helped.append((act.case, act.side))
            page.feedback.append(_feedback(act.case, act.side, act.does, self.people))
        elif act.does is None:
            self._withdraw(page, act)
        elif act.case.awaits(act.side) and not (
            act.does.accepts and self._is_busy(act)
        ):
            self._answer(page, act, act.does)

    def _answer(self, page: _Page, act: _Act, verdict: Verdict) -> None:
        case, side, at = act.case, act.side, act.at
        case.answers[side] = verdict
        page.cases[case.seen.id] = case
        page.events.append(_event(act, self.people, verdict))
        if not verdict.accepts:
            if case.closed_at is None:  # not when the other side had declined before
                case.state, case.closed_at = State.DECLINED, at
                page.rests.append((case, at))
        elif side.other not in case.answers:
            case.state = State.HALF
            if verdict.withdrawn_at is not None:
                self._foresee(verdict.withdrawn_at, case, side, None)
        elif case.state is State.HALF:
            case.state, case.closed_at = State.CONNECTED, at
            page.rests.append((case, at))
            page.connected.append(case)
            for one in Side:
                told = history.feedback(self.draw, case.seen, one, at, case.fit)
                if told is not None:
                    self._foresee(told.at, case, one, told)

    def _withdraw(self, page: _Page, act: _Act) -> None:
        case = act.case
        if case.state is State.HALF and act.at < case.expires_at:
            case.state, case.closed_at = State.WITHDRAWN, act.at
            page.cases[case.seen.id] = case
            page.events.append(_event(act, self.people, None))
            page.rests.append((case, act.at))

    def _is_busy(self, act: _Act) -> bool:
        """A company that has enough to do cannot accept."""
        mine = self.of_company[act.case.seen.ids[act.side]]
        return sum(case.keeps_busy(side, act.at) for case, side in mine) >= MOST_OPEN

    def _foresee(
        self, at: datetime, case: Case, side: Side, does: Verdict | Told | None
    ) -> None:
        heapq.heappush(self._acts, _Act(at, next(self._numbers), case, side, does))


def shown(session: Session, people: People, round_id: UUID) -> list[Seen]:
    """The round's introductions, in an order that does not depend on their ids."""
    rows = session.execute(
        sa.select(
            Introduction.id,
            Introduction.company_lo_id,
            Introduction.company_hi_id,
            Introduction.shown_at,
        )
        .where(
            Introduction.round_id == round_id,
            Introduction.state.in_((State.DRAFT, State.PROPOSED)),
        )
        .order_by(Introduction.company_lo_id, Introduction.company_hi_id)
    ).all()
    matches: dict[UUID, list[tuple[Side, DemoListing, DemoListing]]] = defaultdict(list)
    for row in session.execute(
        sa.select(Match.introduction_id, Match.giver, Match.need_id, Match.offering_id)
        .join(Introduction, Introduction.id == Match.introduction_id)
        .where(Introduction.round_id == round_id)
        .order_by(Match.score.desc(), Match.need_id)
    ):
        known = people.listings
        matches[row.introduction_id].append(
            (row.giver, known[row.need_id], known[row.offering_id])
        )
    return [
        Seen(
            id=row.id,
            round_id=round_id,
            ids={Side.LO: row.company_lo_id, Side.HI: row.company_hi_id},
            companies={
                Side.LO: people.companies[row.company_lo_id],
                Side.HI: people.companies[row.company_hi_id],
            },
            matches=tuple(matches[row.id]),
            shown_at=row.shown_at,
        )
        for row in rows
    ]


def _write(session: Session, page: _Page, people: People) -> None:
    if page.cases:
        columns = [_columns(case, people) for case in page.cases.values()]
        session.execute(sa.update(Introduction), columns)
    for model, entries in (
        (DecisionEvent, page.events),
        (
            ContactRelease,
            [row for one in page.connected for row in _releases(one, people)],
        ),
        (Feedback, page.feedback),
    ):
        if entries:
            session.execute(sa.insert(model), entries)
    for case, at in page.rests:
        cool_down(session, case.pair, case.state, at=at)


def _columns(case: Case, people: People) -> dict[str, Any]:
    """All that the decisions so far make of an introduction's row."""
    connected = case.state is State.CONNECTED
    row: dict[str, Any] = {
        "id": case.seen.id,
        "state": case.state,
        "closed_at": case.closed_at,
        "connected_at": case.closed_at if connected else None,
    }
    for side in Side:
        answer = case.answers.get(side)
        said = Decision.ACCEPTED if answer and answer.accepts else Decision.DECLINED
        row |= {
            f"{side.value}_decision": said if answer else Decision.PENDING,
            f"{side.value}_decided_at": answer.at if answer else None,
            f"{side.value}_person_id": people.of(case, side) if answer else None,
            f"{side.value}_reason": answer.reason if answer else None,
            f"{side.value}_tells": bool(answer and answer.tells),
            f"{side.value}_seen_at": answer.at - READING if answer else None,
        }
    return row


def _event(act: _Act, people: People, verdict: Verdict | None) -> dict[str, Any]:
    said = DecisionAct.ACCEPT if verdict and verdict.accepts else DecisionAct.DECLINE
    return {
        "introduction_id": act.case.seen.id,
        "act": said if verdict else DecisionAct.WITHDRAW,
        "side": act.side,
        "person_id": people.of(act.case, act.side),
        "reason": verdict.reason.value if verdict and verdict.reason else None,
        "at": act.at,
    }


def _releases(case: Case, people: People) -> list[dict[str, Any]]:
    return [
        {
            "introduction_id": case.seen.id,
            "to_side": side,
            "person_id": people.of(case, side.other),
            "released_at": case.closed_at,
        }
        for side in Side
    ]


def _feedback(case: Case, side: Side, told: Told, people: People) -> dict[str, Any]:
    return {
        "introduction_id": case.seen.id,
        "side": side,
        "person_id": people.of(case, side),
        "held": told.held,
        "outcome": told.outcome,
        "helpful": told.helpful,
        "sentence": told.sentence,
        "may_publish": told.may_publish,
        "given_at": told.at,
    }
