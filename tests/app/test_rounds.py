"""The weekly round: one per week, the same from the same input, released once."""

from collections import Counter
from datetime import timedelta
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from app import db
from app.errors import Busy, Invalid, NotFound
from app.models import (
    AuditEvent,
    Block,
    Company,
    CompanyStatus,
    ConsentKind,
    Cooldown,
    EditKind,
    Introduction,
    IntroductionSlot,
    Listing,
    MailKind,
    Match,
    OutboxMail,
    Reach,
    Round,
    RoundEdit,
    RoundState,
    State,
    Uncovered,
    UnmetNeed,
)
from app.services import consent, introductions, listings, rounds, rounds_lease
from app.services.rounds import AlreadyThere, Policy, Superseded
from app.services.rounds_release import Held
from tests import factories
from tests.factories import MONDAY
from tests.rounds_market import THEMES, association

pytestmark = pytest.mark.usefixtures("database")

WEEK = "2026-W48"
SOON = MONDAY + timedelta(minutes=5)
Pairs = set[tuple[UUID, UUID, str, float]]


def pairs() -> Pairs:
    db.session().rollback()
    rows = db.session().execute(
        sa.select(
            Introduction.company_lo_id,
            Introduction.company_hi_id,
            Introduction.slot,
            Introduction.score,
        ).where(Introduction.state == State.DRAFT)
    )
    return {(row[0], row[1], row[2].value, row[3]) for row in rows}


def couples() -> set[tuple[UUID, UUID]]:
    return {(lo, hi) for lo, hi, *_ in pairs()}


def number(table: Any) -> int:
    db.session().rollback()
    return db.session().scalar(sa.select(sa.func.count()).select_from(table)) or 0


def row(week: str = WEEK) -> Round:
    db.session().rollback()
    return db.session().scalars(sa.select(Round).where(Round.week == week)).one()


def rows(table: Any) -> list[Any]:
    db.session().rollback()
    return list(db.session().scalars(sa.select(table)))


def forget() -> None:
    """Take the round away, as if it had never been computed."""
    with db.transaction() as session:
        for table in (Introduction, Uncovered, UnmetNeed, Round):
            session.execute(sa.delete(table))


class TestRun:
    def test_draft_has_pairs_reasons_slots_and_a_manifest(self):
        association()

        done = rounds.run(WEEK, at=MONDAY)

        assert done.pairs == len(couples()) > 0
        assert row().state is RoundState.DRAFT
        assert row().manifest["ratio"] > 0.9
        assert row().manifest["counts"]["companies"] == 12
        assert number(IntroductionSlot) == 2 * done.pairs
        reasons = db.session().scalars(sa.select(Match.reasons)).all()
        assert all(reasons)

    def test_nobody_gets_more_than_their_capacity(self):
        association(capacity=1)

        rounds.run(WEEK, at=MONDAY)

        load = Counter(one for pair in couples() for one in pair)
        assert set(load.values()) == {1}

    def test_members_see_nothing_of_a_draft(self):
        (_, person), *_ = association()
        rounds.run(WEEK, at=MONDAY)
        (draft, *_) = db.session().scalars(sa.select(Introduction.id))

        with pytest.raises(NotFound):
            introductions.visible_to(db.session(), person.id, draft, at=MONDAY)

    def test_same_week_is_computed_once(self):
        association()
        rounds.run(WEEK, at=MONDAY)
        before = pairs()

        with pytest.raises(AlreadyThere):
            rounds.run(WEEK, at=SOON)

        assert pairs() == before

    def test_same_input_gives_the_same_set(self):
        association(20)
        rounds.run(WEEK, at=MONDAY)
        before = pairs()
        forget()

        rounds.run(WEEK, at=MONDAY)

        assert pairs() == before

    def test_dry_run_writes_nothing(self):
        association()
        listings.refresh_vectors()

        plan = rounds.dry_run(WEEK, at=MONDAY)

        assert plan.pairs
        assert number(Round) == number(Introduction) == 0

    def test_empty_association_has_an_empty_round(self):
        done = rounds.run(WEEK, at=MONDAY)

        assert (done.pairs, row().state) == (0, RoundState.DRAFT)

    def test_paused_refused_and_full_companies_are_left_out(self):
        made = association(12)
        (paused, _), (refused, _), (full, _), *_ = made
        with db.transaction() as session:
            session.execute(
                sa.update(Company)
                .where(Company.id == paused.id)
                .values(paused_until=MONDAY.date() + timedelta(days=1))
            )
            session.execute(
                sa.update(Company)
                .where(Company.id == refused.id)
                .values(status=CompanyStatus.SUSPENDED)
            )
            session.execute(
                sa.update(Company).where(Company.id == full.id).values(max_open=0)
            )

        rounds.run(WEEK, at=MONDAY)

        shown = {one for pair in couples() for one in pair}
        assert not shown & {paused.id, refused.id, full.id}
        reasons = {one.company_id: one.reason for one in rows(Uncovered)}
        assert reasons[paused.id] == "paused"
        assert reasons[full.id] == "no_capacity"
        assert refused.id not in reasons

    def test_blocked_cooling_and_open_pairs_do_not_meet(self):
        association(12)
        rounds.run(WEEK, at=MONDAY)
        blocked, cooling, opened, *_ = sorted(couples())
        forget()
        with db.transaction() as session:
            session.add(
                Block(company_lo_id=blocked[0], company_hi_id=blocked[1], at=MONDAY)
            )
            session.add(
                Cooldown(
                    company_lo_id=cooling[0],
                    company_hi_id=cooling[1],
                    until=MONDAY + timedelta(days=1),
                    cause=State.EXPIRED,
                )
            )
        last_week = factories.round_("2026-W47")
        lo, hi = (db.session().get_one(Company, one) for one in opened)
        factories.introduction(last_week, lo, hi)

        rounds.run(WEEK, at=MONDAY)

        assert not couples() & {blocked, cooling, opened}

    def test_need_without_offering_is_noted(self):
        association(8)
        lonely = factories.listing(
            factories.company(lat=54.8, lon=9.4),
            text=THEMES[0][0],
            reach=Reach.ONSITE,
            radius_km=1,
        )

        rounds.run(WEEK, at=MONDAY)

        assert lonely.id in set(db.session().scalars(sa.select(UnmetNeed.listing_id)))

    def test_unknown_week_is_refused(self):
        with pytest.raises(Invalid):
            rounds.run("2026-W60", at=MONDAY)

    def test_pair_that_became_impossible_meanwhile_is_skipped_with_the_reason(
        self, monkeypatch
    ):
        association()
        rounds.run(WEEK, at=MONDAY)
        victim = sorted(couples())[0]
        forget()

        def block_it(point: str) -> None:
            if point == "planned":
                with db.transaction() as session:
                    introductions.block_pair(
                        session, *victim, reason="complaint", at=MONDAY
                    )

        monkeypatch.setattr(rounds, "reached", block_it)
        done = rounds.run(WEEK, at=MONDAY)

        assert [(one.lo, one.hi, one.reason) for one in done.skipped] == [
            (*victim, "blocked")
        ]
        assert victim not in couples()
        assert row().manifest["skipped"][0]["reason"] == "blocked"


class TestPrivacy:
    def test_engine_sees_neither_names_nor_ids_nor_contacts(self, monkeypatch):
        made = association()
        seen: list[str] = []
        register_of = rounds.register_of

        def spy(*args: Any, **kwargs: Any) -> Any:
            register = register_of(*args, **kwargs)
            seen.append(repr([register.companies, register.listings, register.history]))
            return register

        monkeypatch.setattr(rounds, "register_of", spy)
        rounds.run(WEEK, at=MONDAY)

        (text,) = seen
        for company, person in made:
            for canary in (
                company.name,
                str(company.id),
                company.id.hex,
                person.name,
                person.email,
            ):
                assert canary not in text

    def test_columns_that_do_not_cross_the_bridge_change_nothing(self):
        made = association()
        rounds.run(WEEK, at=MONDAY)
        before = pairs()
        forget()
        with db.transaction() as session:
            for company, person in made:
                session.execute(
                    sa.update(Company)
                    .where(Company.id == company.id)
                    .values(
                        name=f"Anders {company.id.hex[:6]}",
                        about="ganz anders",
                        member_number="7",
                        place="Kiel",
                        show_name=True,
                    )
                )
                session.execute(
                    sa.update(type(person))
                    .where(type(person).id == person.id)
                    .values(name="Neu", position="Leitung", phone=None)
                )

        rounds.run(WEEK, at=MONDAY)

        assert pairs() == before


class TestLease:
    def test_eight_at_once_make_one_round(self):
        association()
        db.remove()
        ends: list[str] = []

        def work() -> None:
            try:
                rounds.run(WEEK, at=MONDAY)
                ends.append("done")
            except (Busy, AlreadyThere) as error:
                ends.append(type(error).__name__)
            finally:
                db.remove()

        threads = [Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert ends.count("done") == 1
        assert len(ends) == 8
        assert number(Round) == 1

    def test_dead_worker_is_replaced_when_its_lease_is_over(self):
        association()
        rounds_lease.claim(WEEK, at=MONDAY)

        with pytest.raises(Busy):
            rounds.run(WEEK, at=SOON - timedelta(minutes=4))
        done = rounds.run(WEEK, at=SOON)

        assert done.pairs > 0

    def test_worker_that_was_thought_dead_publishes_nothing(self, monkeypatch):
        association()

        def overtake(point: str) -> None:
            if point == "planned":
                monkeypatch.setattr(rounds, "reached", lambda _: None)
                rounds.run(WEEK, at=SOON)

        monkeypatch.setattr(rounds, "reached", overtake)

        with pytest.raises(Superseded):
            rounds.run(WEEK, at=MONDAY)

        assert row().state is RoundState.DRAFT
        assert row().lease_token == 2
        assert number(IntroductionSlot) == 2 * number(Introduction)

    def test_cancelled_run_stops_and_can_be_started_again(self, monkeypatch):
        association()
        monkeypatch.setattr(rounds_lease, "SECONDS_BETWEEN_NOTES", 0)

        def stop(point: str) -> None:
            if point == "market":
                assert rounds.cancel(WEEK, at=MONDAY)

        monkeypatch.setattr(rounds, "reached", stop)
        with pytest.raises(Superseded):
            rounds.run(WEEK, at=MONDAY)
        state, why = row().state, row().error
        monkeypatch.setattr(rounds, "reached", lambda _: None)
        done = rounds.run(WEEK, at=SOON)

        assert (state, why) == (RoundState.FAILED, "cancelled")
        assert done.pairs > 0

    def test_progress_is_kept_where_the_page_reads_it(self, monkeypatch):
        association()
        monkeypatch.setattr(rounds_lease, "SECONDS_BETWEEN_NOTES", 0)
        seen: list[Any] = []

        def look(step: str, share: float) -> None:
            seen.append((step, share))

        monkeypatch.setattr(
            rounds,
            "reached",
            lambda point: seen.append(row().progress) if point == "planned" else None,
        )
        rounds.run(WEEK, at=MONDAY, progress=look)

        noted = next(one for one in seen if isinstance(one, dict))
        assert noted["step"] in {one[0] for one in seen if isinstance(one, tuple)}
        assert row().progress == {}

    def test_failure_is_written_down(self, monkeypatch):
        association(2)

        def fail(point: str) -> None:
            if point == "market":
                raise ZeroDivisionError("by zero")

        monkeypatch.setattr(rounds, "reached", fail)
        with pytest.raises(ZeroDivisionError):
            rounds.run(WEEK, at=MONDAY)

        assert row().state is RoundState.FAILED
        assert row().error == "ZeroDivisionError: by zero"


class TestRecompute:
    def edit(self, kind: EditKind, lo: UUID, hi: UUID) -> None:
        factories.add(
            RoundEdit(
                round_id=row().id,
                company_lo_id=lo,
                company_hi_id=hi,
                kind=kind,
                at=MONDAY,
            )
        )

    def test_dropped_pair_leaves_and_pinned_pair_comes(self):
        made = association()
        rounds.run(WEEK, at=MONDAY)
        dropped = sorted(couples())[0]
        ids = sorted(company.id for company, _ in made)
        pinned = next(
            (a, b)
            for a in ids
            for b in ids
            if a < b and (a, b) not in couples() and a not in dropped
        )
        self.edit(EditKind.DROP, *dropped)
        self.edit(EditKind.PIN, *pinned)

        rounds.recompute(WEEK, at=SOON)

        assert dropped not in couples()
        assert (*pinned, "pinned") in {(lo, hi, slot) for lo, hi, slot, _ in pairs()}

    def test_unchanged_draft_stays_the_same_set(self):
        association()
        rounds.run(WEEK, at=MONDAY)
        before = pairs()

        rounds.recompute(WEEK, at=SOON)

        assert pairs() == before

    def test_failed_recomputing_keeps_the_earlier_draft(self, monkeypatch):
        association()
        rounds.run(WEEK, at=MONDAY)
        before = pairs()

        def fail(point: str) -> None:
            if point == "stored":
                raise ZeroDivisionError

        monkeypatch.setattr(rounds, "reached", fail)
        with pytest.raises(ZeroDivisionError):
            rounds.recompute(WEEK, at=SOON)

        assert pairs() == before
        assert row().state is RoundState.DRAFT

    def test_asked_round_is_taken_by_the_next_worker(self):
        association()
        rounds.ask(WEEK, at=MONDAY)
        asked = row().progress["step"]

        done = rounds.recompute(WEEK, at=MONDAY)

        assert asked == "waiting"
        assert done.pairs > 0

    def test_released_round_is_not_computed_again(self):
        association()
        rounds.run(WEEK, at=MONDAY)
        rounds.release(WEEK, by=None, at=SOON)

        for command in (rounds.recompute, rounds.run, rounds.ask):
            with pytest.raises(AlreadyThere):
                command(WEEK, at=SOON)


class TestRelease:
    def drafted(self) -> list[Any]:
        made = association()
        rounds.run(WEEK, at=MONDAY)
        return made

    def agree(self, made: list[Any]) -> None:
        for _, person in made:
            consent.choose(person.id, [ConsentKind.DIGEST], at=MONDAY)
            consent.grant(person.id, [ConsentKind.DIGEST], at=MONDAY)

    def digests(self) -> int:
        db.session().rollback()
        kinds = db.session().scalars(sa.select(OutboxMail.kind)).all()
        return kinds.count(MailKind.DIGEST)

    def test_release_shows_the_pairs_for_14_days_and_is_audited(self):
        self.drafted()
        organizer = factories.person(None, "organizer")

        done = rounds.release(WEEK, by=organizer.id, at=SOON)

        states = set(db.session().scalars(sa.select(Introduction.state)))
        ends = set(db.session().scalars(sa.select(Introduction.expires_at)))
        assert (states, ends) == ({State.PROPOSED}, {SOON + timedelta(days=14)})
        assert row().released_by == organizer.id
        event = db.session().scalars(sa.select(AuditEvent)).one()
        assert (event.action, event.detail["shown"]) == ("round.release", done.shown)

    def test_digests_go_only_to_those_who_agreed_and_are_shown_somebody(self):
        made = self.drafted()
        self.agree(made[:4])

        done = rounds.release(WEEK, by=None, at=SOON)

        shown = {
            one
            for pair in db.session().execute(
                sa.select(Introduction.company_lo_id, Introduction.company_hi_id)
            )
            for one in pair
        }
        expected = sum(company.id in shown for company, _ in made[:4])
        assert done.digests == self.digests() == expected > 0

    def test_second_release_changes_nothing(self):
        made = self.drafted()
        self.agree(made)
        rounds.release(WEEK, by=None, at=SOON)
        mails = self.digests()

        again = rounds.release(WEEK, by=None, at=SOON + timedelta(hours=1))

        assert (again.again, again.shown, self.digests()) == (True, 0, mails)
        assert row().released_at == SOON

    def test_sixteen_at_once_release_once(self):
        made = self.drafted()
        self.agree(made)
        db.remove()
        ends: list[bool] = []

        def work() -> None:
            ends.append(rounds.release(WEEK, by=None, at=SOON).again)
            db.remove()

        threads = [Thread(target=work) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(ends) == [False] + [True] * 15
        assert self.digests() <= len(made)
        assert number(AuditEvent) == 1

    def test_held_round_is_not_released_until_it_goes_on(self):
        self.drafted()
        rounds.hold(WEEK, by=None, at=SOON)

        with pytest.raises(Held):
            rounds.release(WEEK, by=None, at=SOON)
        rounds.unhold(WEEK, by=None, at=SOON)

        assert rounds.release(WEEK, by=None, at=SOON).shown > 0

    def test_company_that_left_meanwhile_is_not_shown(self):
        self.drafted()
        leaving = sorted(couples())[0][0]
        with db.transaction() as session:
            session.execute(
                sa.update(Company)
                .where(Company.id == leaving)
                .values(status=CompanyStatus.SUSPENDED)
            )

        rounds.release(WEEK, by=None, at=SOON)

        involved = sa.or_(
            Introduction.company_lo_id == leaving, Introduction.company_hi_id == leaving
        )
        states = set(
            db.session().scalars(sa.select(Introduction.state).where(involved))
        )
        assert states == {State.CANCELLED}

    def test_week_without_a_round_cannot_be_released(self):
        with pytest.raises(NotFound):
            rounds.release(WEEK, by=None, at=SOON)

    def test_first_rounds_wait_for_an_organizer(self):
        self.drafted()

        released = rounds.release_due(at=MONDAY + timedelta(days=5))

        assert (released, row().release_at) == ([], None)

    def test_later_rounds_are_released_after_the_time_for_review(self):
        association()
        factories.round_("2026-W47")
        rounds.run(WEEK, at=MONDAY, policy=Policy(timedelta(hours=26), manual_rounds=1))

        early = rounds.release_due(at=MONDAY + timedelta(hours=25))
        late = rounds.release_due(at=MONDAY + timedelta(hours=27))
        again = rounds.release_due(at=MONDAY + timedelta(hours=28))

        assert (early, again) == ([], [])
        assert [one.week for one in late] == [WEEK]

    def test_a_round_computed_early_waits_for_its_week(self):
        association()
        earlier = MONDAY - timedelta(days=4)
        rounds.run(WEEK, at=earlier, policy=Policy(timedelta(hours=26), 0))

        sunday = rounds.release_due(at=MONDAY - timedelta(days=1))
        monday = rounds.release_due(at=MONDAY)

        assert sunday == []
        assert [one.week for one in monday] == [WEEK]

    def test_hold_stops_the_automatic_release_too(self):
        association()
        rounds.run(WEEK, at=MONDAY, policy=Policy(timedelta(0), manual_rounds=0))
        rounds.hold(WEEK, by=None, at=MONDAY)

        released = rounds.release_due(at=MONDAY + timedelta(days=2))

        assert released == []


def test_closed_listings_of_others_do_not_enter_the_market():
    association(4)
    with db.transaction() as session:
        session.execute(
            sa.update(Listing).values(valid_until=MONDAY.date() - timedelta(days=1))
        )

    market = rounds.market_of(db.session(), MONDAY.date())

    assert (len(market.companies), len(market.listings)) == (4, 0)
