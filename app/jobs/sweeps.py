"""The sweeps: each looks for what is due and does it, however often it is called.

The database knows what is due. So a lost wake-up, a restart, or two workers change
nothing but the time.
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from app import db
from app.errors import Busy
from app.jobs.work import Work, engine_of, policy_of
from app.mail import delivery, senders
from app.models import (
    AWAITING,
    ConsentKind,
    Decision,
    Introduction,
    MailKind,
    Person,
    Round,
    RoundState,
    Seat,
    Side,
)
from app.services import (
    consent,
    erasure,
    erasure_log,
    feedback,
    introductions,
    listings,
    outbox,
    preview_index,
    retention,
    rounds,
)
from app.services.introductions_sides import UNNOTICED_ENDS, column
from matching.errors import MatchingError

log = logging.getLogger(__name__)

REMIND_BEFORE = timedelta(days=3)
RETRY_AFTER = timedelta(minutes=15)
MOST_TRIES = 5


def compute_rounds(work: Work) -> int:
    """Compute what was asked for, what a dead worker left, and this week's round."""
    done = 0
    for week in _to_compute(work):
        done += _compute(week, work)
    return done


def _to_compute(work: Work) -> list[str]:
    now, settings = work.clock(), work.settings
    session = db.session()
    session.rollback()
    left = Round.state == RoundState.COMPUTING, Round.lease_until <= now
    weeks = list(session.scalars(sa.select(Round.week).where(*left)))
    week = rounds.week_of(now)
    due = rounds.due_at(week, weekday=settings.ROUND_WEEKDAY, hour=settings.ROUND_HOUR)
    row = session.scalars(sa.select(Round).where(Round.week == week)).one_or_none()
    if now >= due and (row is None or _worth_retrying(row, now)):
        weeks.append(week)
    session.rollback()
    return weeks


def _worth_retrying(row: Round, now: datetime) -> bool:
    """A failed round is tried again a few times; a cancelled one is not."""
    ended = row.progress.get("ended_at")
    return (
        row.state is RoundState.FAILED
        and row.error != "cancelled"
        and row.lease_token < 2 * MOST_TRIES  # each try and each failure counts one
        and ended is not None
        and datetime.fromisoformat(ended) + RETRY_AFTER <= now
    )


def _compute(week: str, work: Work) -> int:
    try:
        engine = engine_of(work.settings)
    except MatchingError:
        log.exception("round %s: no engine", week)
        return 0
    try:
        session = db.session()
        known = session.scalar(sa.select(Round.id).where(Round.week == week))
        session.rollback()
        command = rounds.run if known is None else rounds.recompute
        done = command(
            week,
            at=work.clock(),
            policy=policy_of(work.settings),
            engine=engine,
            cancelled=work.stopping,
        )
    except (Busy, rounds.AlreadyThere):
        return 0
    except rounds.Superseded:
        if work.stopping():  # the next worker goes on
            rounds.ask(week, at=work.clock())
        return 0
    except Exception:
        log.exception("round %s failed", week)  # written into its row as well
        return 0
    finally:
        engine.close()
    log.info("round %s: %d pairs", week, done.pairs)
    return 1


def release_rounds(work: Work) -> int:
    """Release drafts whose time for review is over."""
    return len(rounds.release_due(at=work.clock()))


def send_mails(work: Work) -> int:
    """Send what waits in the outbox."""
    ends = delivery.deliver_due(
        work.sender(work.settings),
        context=work.context,
        clock=work.clock,
        stop=work.stopping,
    )
    if ends:
        log.info("mails: %s", dict(ends))
    return ends["sent"]


def expire_introductions(work: Work) -> int:
    """End what was not answered in time."""
    return introductions.expire_due(at=work.clock())


def remind(work: Work) -> int:
    """Remind those who agreed of suggestions that run out soon, once a round."""
    now = work.clock()
    with db.transaction() as session:
        agreed = consent.granted(session, ConsentKind.REMINDER)
        wanted: dict[tuple[UUID, UUID], UUID] = {}
        for side in Side:
            company = getattr(Introduction, f"company_{side.value}_id")
            rows = session.execute(
                sa.select(Introduction.round_id, Person.id)
                .join(Person, Person.company_id == company)
                .where(
                    column(side, "decision") == Decision.PENDING,
                    # Ends that this side cannot know of do not silence the reminder.
                    Introduction.state.in_((*AWAITING, *UNNOTICED_ENDS)),
                    Introduction.shown_at.is_not(None),
                    Introduction.expires_at > now,
                    Introduction.expires_at <= now + REMIND_BEFORE,
                    Person.seat == Seat.TAKEN,
                    Person.active,
                )
            )
            wanted |= {
                (round_id, person_id): agreed[person_id]
                for round_id, person_id in rows
                if person_id in agreed
            }
        return outbox.enqueue_all(
            session,
            MailKind.REMINDER,
            [
                outbox.Addressee(
                    person_id, f"reminder:{round_id}:{person_id}", event, round_id
                )
                for (round_id, person_id), event in sorted(wanted.items())
            ],
            at=now,
        )


def ask_feedback(work: Work) -> int:
    """Ask those who agreed what came of their connections, once each."""
    now = work.clock()
    with db.transaction() as session:
        agreed = consent.granted(session, ConsentKind.FEEDBACK)
        return outbox.enqueue_all(
            session,
            MailKind.FEEDBACK,
            [
                outbox.Addressee(
                    one.person_id,
                    f"feedback:{one.introduction_id}:{one.side.value}",
                    agreed[one.person_id],
                    one.introduction_id,
                )
                for one in feedback.requests_due(session, at=now)
                if one.person_id in agreed
            ],
            at=now,
        )


def describe_listings(work: Work) -> int:
    """Bring vectors to the model of this version of the knowledge."""
    return listings.refresh_vectors()


def refresh_preview(work: Work) -> int:
    """Let people who type count in the listings as they stand."""
    return int(preview_index.refresh(work.settings.DATA_DIR, at=work.clock()))


def forget(work: Work) -> int:
    """Delete what is past the time that it is kept."""
    went = retention.forget(at=work.clock())
    _forget_mail_files(work)
    if went:
        log.info("forgotten: %s", went)
    return sum(went.values())


def finish_erasures(work: Work) -> int:
    """Free caches and files from those who were erased, and log them beside the
    database. Until all of it is done, the next look does it again."""
    now, settings = work.clock(), work.settings
    erasure_log.keep(settings.DATA_DIR / erasure_log.FILE, at=now)
    session = db.session()
    left = [one.subject_id for one in erasure.unscrubbed(session)]
    session.rollback()
    if not left:
        return 0
    with db.transaction() as writing:
        for one in erasure.unscrubbed(writing):
            erasure.repeat(writing, one, at=now)
    preview_index.refresh(settings.DATA_DIR, at=now)
    preview_index.forget_old(settings.DATA_DIR)
    _forget_mail_files(work)
    if not db.scrub():
        return 0
    erasure.scrubbed(left, at=now)
    log.info("erasures finished: %d", len(left))
    return len(left)


def _forget_mail_files(work: Work) -> None:
    """Where mails are kept as files, those go that the outbox has forgotten."""
    folder = senders.folder_of(work.settings)
    if folder.is_dir():
        senders.forget_files(folder, outbox.message_ids(db.session()))
        db.session().rollback()
