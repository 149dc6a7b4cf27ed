"""Fills an empty database with the invented association and its past weeks.

Companies join over time; each past week is planned by the real engine and released
by the real service. Only the many decisions are written in bulk, as the rows that
the services would have written.
"""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa

from app import db
from app.demo import association, meetings, rows
from app.demo.association import FRIENDS, DemoCompany
from app.demo.diary import Case, Diary, People
from app.errors import Conflict
from app.models import Company, RoleName, Side
from app.services import companies as profiles
from app.services import introductions, listings, rounds
from app.services.rounds_week import day_of, week_of_day

ROUNDS = 10
FOUNDERS = 0.5  # of the companies were there before the first round
APPLICANTS = 3  # companies that wait for an organizer
READERS = 60  # persons who agreed to weekly mails
FOUND = 0.35  # of the needs that were met are closed
QUIET = 4  # from this round on the guest owes its feedback
SOON = timedelta(minutes=40)
PAUSES = {4: 45, 6: 30, 8: 60}  # before which round a company pauses, for how long
COMPLAINS = 7  # before this round, somebody was sold something
COMPLAINT = "Statt eines Austauschs kam ein Verkaufsgespräch mit Preisliste."

MEMBER, ORGANIZER, ADMIN = (
    association.GUEST_EMAIL,
    "organisation@demo.example",
    "verwaltung@demo.example",
)
STAFF = (
    (ORGANIZER, "Organisation der Vorführung", RoleName.ORGANIZER),
    (ADMIN, "Verwaltung der Vorführung", RoleName.ADMIN),
)

Progress = Callable[[str, float], None]


def fill(
    *,
    at: datetime,
    seed: int = 1,
    companies: int = 400,
    progress: Progress | None = None,
) -> None:
    """Write the demo. Raises Conflict when the database holds companies already."""
    if not is_empty():
        raise Conflict(
            "Die Datenbank ist nicht leer: Die Vorführung käme zu echten Daten."
        )
    tell = progress or (lambda step, share: None)
    tell("companies", 0.0)
    made = association.make(seed, APPLICANTS + companies)
    firms, friends = made.companies[:-FRIENDS], made.companies[-FRIENDS:]
    members = (*firms[:-APPLICANTS], *friends)  # the friends join last
    applicants = firms[-APPLICANTS:]
    draw = random.Random(seed + 1)
    known = rows.described(made, members, draw)
    tell("companies", 1.0)
    diary = Diary(draw, People(), made.situations)
    instants = _instants(at)
    rows.add_staff(STAFF, at=instants[0] - timedelta(days=10))
    for number, (instant, wave) in enumerate(
        zip(instants, _waves(members), strict=True)
    ):
        tell("rounds", number / ROUNDS)
        _live(diary, made.guest, number, until=instant)
        if wave:
            joined_at = instant - timedelta(days=3)
            rows.join(wave, known, diary.people, draw, at=joined_at)
        _play(diary, made.guest, number, instant)
    diary.live_until(at)
    introductions.expire_due(at=at)
    meetings.arrange(diary, diary.people.id_of(made.guest), draw, at=at)
    rows.apply(applicants, draw, at=at)
    tell("rounds", 1.0)


def is_empty() -> bool:
    session = db.session()
    found = session.scalar(sa.select(Company.id).limit(1))
    session.rollback()
    return found is None


def _instants(at: datetime) -> list[datetime]:
    """Monday mornings of the last weeks; the last one never lies in the future."""
    week = week_of_day(day_of(at))
    latest = min(rounds.due_at(week, weekday=1, hour=6), at - timedelta(hours=3))
    return [latest - timedelta(weeks=back) for back in range(ROUNDS - 1, -1, -1)]


def _waves(firms: tuple[DemoCompany, ...]) -> list[tuple[DemoCompany, ...]]:
    """Who joins before which round: most at first, then a few every week."""
    first = round(FOUNDERS * len(firms))
    rest = firms[first:]
    step = max(1, -(-len(rest) // (ROUNDS - 1)))
    later = [rest[k * step : (k + 1) * step] for k in range(ROUNDS - 1)]
    return [firms[:first], *later]


def _play(diary: Diary, guest: DemoCompany, number: int, instant: datetime) -> None:
    """Compute and release a week, so that the visitor finds something to do: from one
    week on the guest owes its feedback, the week before last it connects and has a
    date to choose, and it leaves the last week as it is."""
    week = week_of_day(day_of(instant))
    released_at = instant + timedelta(hours=2)
    computed = rounds.run(week, at=instant)
    guest_id, is_last = diary.people.id_of(guest), number == ROUNDS - 1
    if is_last:
        persons = diary.people.persons
        readers = [persons[guest_id], *persons.values()]
        rows.agree(list(dict.fromkeys(readers))[:READERS], at=instant)
    rounds.release(week, by=None, at=released_at)
    introductions.expire_due(at=released_at)
    diary.plan_round(computed.round_id)
    if number == QUIET:
        diary.quiet.add(guest_id)
        diary.agreement_with(guest_id, at=released_at + SOON)
    if number == ROUNDS - 2:
        diary.agreement_with(guest_id, at=released_at + SOON)
    if is_last:
        diary.idle.add(guest_id)
        diary.interest_in(guest_id, at=released_at + SOON)


def _live(diary: Diary, guest: DemoCompany, number: int, *, until: datetime) -> None:
    """What happened since the last round, and what the companies did about it."""
    for case, side in diary.live_until(until):
        if diary.draw.random() < FOUND and case.seen.companies[side] != guest:
            _close_need(diary, case, side, at=until - timedelta(hours=1))
    if number in PAUSES:
        until_day = day_of(until) + timedelta(days=PAUSES[number])
        company_id = diary.draw.choice(
            [one for one, firm in diary.people.companies.items() if firm != guest]
        )
        profiles.pause(company_id, until_day, at=until)
    if number == COMPLAINS:
        _complain(diary, at=until)


def _close_need(diary: Diary, case: Case, side: Side, *, at: datetime) -> None:
    """Who was helped has found what it sought."""
    for giver, need, _ in case.seen.matches:
        if giver is side.other:
            listings.close(
                diary.people.listing_ids[need.text],
                by=diary.people.of(case, side),
                at=at,
            )
            return


def _complain(diary: Diary, *, at: datetime) -> None:
    """Of the connected, those with least in common were not happy."""
    connected = diary.connected()
    if connected:
        case, side = min(connected, key=lambda one: (one[0].fit, one[0].pair))
        by = diary.people.of(case, side)
        introductions.complain(case.seen.id, COMPLAINT, by=by, at=at)
