"""The outbox: mails as rows, written by the transaction that causes them.

A row says who, what kind and about what; the text is made when it is sent. A worker
claims rows with a lease, notes when it hands one to the mail server, and writes down
what became of it. What a killed worker leaves behind is sorted by that note: not
handed over yet goes out again, handed over without an answer is in doubt.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app import db
from app.errors import Conflict
from app.models import ConsentKind, MailKind, MailState, OutboxMail

# Kinds that need a consent, and which; they are never sent twice, not even in doubt.
CONSENT_OF = {
    MailKind.DIGEST: ConsentKind.DIGEST,
    MailKind.REMINDER: ConsentKind.REMINDER,
    MailKind.FEEDBACK: ConsentKind.FEEDBACK,
}

WAITING = (MailState.QUEUED, MailState.SENDING, MailState.HELD)

LEASE = timedelta(minutes=5)
CLAIMED_AT_ONCE = 20
BACK_OFF = tuple(
    timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720)
)
KEEP_TRYING = timedelta(hours=48)
KEEP_TRYING_DIGEST = timedelta(hours=24)


class LeaseLost(Conflict):
    """Another worker has taken the mail over; this one must not touch it."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail that this worker holds until `lease_until`."""

    id: UUID
    token: UUID
    kind: MailKind
    person_id: UUID
    subject_id: UUID | None
    params: dict[str, Any]
    message_id: str
    attempts: int
    created_at: datetime
    give_up_at: datetime


@dataclass(frozen=True, slots=True)
class Addressee:
    """One person among many who get the same kind of mail."""

    person_id: UUID
    dedupe_key: str
    consent_id: UUID | None = None
    subject_id: UUID | None = None


def enqueue(
    session: Session,
    kind: MailKind,
    person_id: UUID,
    *,
    at: datetime,
    dedupe_key: str,
    subject_id: UUID | None = None,
    params: dict[str, Any] | None = None,
    consent_id: UUID | None = None,
    due_at: datetime | None = None,
) -> bool:
    """Add a mail to the session's transaction; False if its key is there already.

    `params` holds no secrets: links and tokens are made when the mail is sent.
    `consent_id` is required for the kinds of `CONSENT_OF`.
    """
    row = _row(
        kind, Addressee(person_id, dedupe_key, consent_id, subject_id), at, due_at or at
    )
    session.flush()
    added = session.execute(
        _insert(session)(OutboxMail)
        .values(**row | {"params": params or {}})
        .on_conflict_do_nothing(index_elements=["dedupe_key"])
        .returning(OutboxMail.id)
    ).one_or_none()
    if added is not None:
        _wake_after(session)
    return added is not None


def enqueue_all(
    session: Session,
    kind: MailKind,
    addressees: Sequence[Addressee],
    *,
    at: datetime,
    subject_id: UUID | None = None,
) -> int:
    """As `enqueue` for many persons at once; returns how many mails are new."""
    session.flush()
    total = sa.select(sa.func.count()).select_from(OutboxMail)
    before = session.scalar(total) or 0
    rows = [_row(kind, one, at, at, subject_id=subject_id) for one in addressees]
    if rows:
        session.execute(
            _insert(session)(OutboxMail).on_conflict_do_nothing(
                index_elements=["dedupe_key"]
            ),
            rows,
        )
        _wake_after(session)
    return (session.scalar(total) or 0) - before


def _row(
    kind: MailKind,
    to: Addressee,
    at: datetime,
    due_at: datetime,
    *,
    subject_id: UUID | None = None,
) -> dict[str, Any]:
    patience = KEEP_TRYING_DIGEST if kind is MailKind.DIGEST else KEEP_TRYING
    identity = uuid4()
    return {
        "id": identity,
        "kind": kind,
        "person_id": to.person_id,
        "subject_id": to.subject_id or subject_id,
        "params": {},
        "dedupe_key": to.dedupe_key,
        "message_id": f"{kind.value}.{identity.hex}",
        "consent_id": to.consent_id,
        "state": MailState.QUEUED,
        "attempts": 0,
        "doubts": 0,
        "due_at": due_at,
        "give_up_at": due_at + patience,
        "created_at": at,
    }


def claim(
    *, at: datetime, limit: int = CLAIMED_AT_ONCE, lease: timedelta = LEASE
) -> list[Claimed]:
    """Take mails that are due; nobody else gets them while the lease lasts.

    Mails a person waits for come first, then the oldest.
    """
    token = uuid4()
    with db.transaction() as session:
        _recover(session, at)
        asked_for = sa.case((OutboxMail.kind.in_(CONSENT_OF), 1), else_=0)
        ids = session.scalars(
            sa.select(OutboxMail.id)
            .where(OutboxMail.state == MailState.QUEUED, OutboxMail.due_at <= at)
            .order_by(asked_for, OutboxMail.due_at, OutboxMail.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        if not ids:
            return []
        session.execute(
            sa.update(OutboxMail)
            .where(OutboxMail.id.in_(ids))
            .values(
                state=MailState.SENDING,
                lease_token=token,
                lease_until=at + lease,
                begun_at=None,
            )
            .execution_options(synchronize_session=False)
        )
        rows = session.execute(
            sa.select(*(getattr(OutboxMail, name) for name in _CLAIMED)).where(
                OutboxMail.lease_token == token
            )
        ).all()
    by_id = {row.id: Claimed(token=token, **row._asdict()) for row in rows}
    return [by_id[one] for one in ids if one in by_id]


def begin(mail: Claimed, *, at: datetime, lease: timedelta = LEASE) -> None:
    """Note that the mail is handed to the server now; raises LeaseLost."""
    _change(
        mail,
        begun_at=at,
        lease_until=at + lease,
        attempts=OutboxMail.attempts + 1,
    )


def sent(mail: Claimed, *, at: datetime) -> None:
    _settle(mail, MailState.SENT, sent_at=at, error=None)


def suppress(mail: Claimed, why: str) -> None:
    """Not to be sent any more: consent, address or right is gone."""
    _settle(mail, MailState.SUPPRESSED, error=why)


def refuse(mail: Claimed, why: str) -> None:
    """The server will never take it."""
    _settle(mail, MailState.DEAD, error=why)


def postpone(mail: Claimed, why: str, *, at: datetime) -> None:
    """Try again later, until there is no point any more."""
    tries = max(mail.attempts, 0)
    due_at = at + BACK_OFF[min(tries, len(BACK_OFF) - 1)]
    if due_at >= mail.give_up_at:
        _settle(mail, MailState.DEAD, error=why)
    else:
        _settle(
            mail,
            MailState.QUEUED,
            due_at=due_at,
            attempts=mail.attempts + 1,
            error=why,
        )


def doubt(mail: Claimed, why: str, *, at: datetime) -> None:
    """No answer after the mail was handed over: it may have arrived or not.

    What a person waits for goes out once more under the same Message-ID, which mail
    programs show once; the kinds of `CONSENT_OF` stay uncertain.
    """
    with db.transaction() as session:
        known = session.scalar(
            sa.select(OutboxMail.doubts).where(
                OutboxMail.id == mail.id, OutboxMail.lease_token == mail.token
            )
        )
    if known is None:
        raise LeaseLost
    if mail.kind in CONSENT_OF or known > 0:
        _settle(mail, MailState.UNCERTAIN, error=why, doubts=known + 1)
    else:
        _settle(
            mail,
            MailState.QUEUED,
            error=why,
            doubts=known + 1,
            due_at=at + BACK_OFF[0],
        )


def give_back(mails: Iterable[Claimed]) -> None:
    """Return what was claimed and not handed over: the worker stops."""
    for mail in mails:
        _settle(mail, MailState.QUEUED)


def hold_all() -> int:
    """Keep back everything that waits, for instance after restoring a backup."""
    return _move(MailState.QUEUED, MailState.HELD)


def resume_all() -> int:
    """Let go what `hold_all` kept back."""
    return _move(MailState.HELD, MailState.QUEUED)


def counts(session: Session) -> dict[MailState, int]:
    """How many mails are in each state; every state is named."""
    rows = session.execute(
        sa.select(OutboxMail.state, sa.func.count()).group_by(OutboxMail.state)
    )
    found = {row[0]: row[1] for row in rows}
    return {state: found.get(state, 0) for state in MailState}


def recent(
    session: Session, *, states: Sequence[MailState] = (), limit: int = 200
) -> list[OutboxMail]:
    """The newest mails, of the given states or all."""
    query = sa.select(OutboxMail).order_by(OutboxMail.created_at.desc(), OutboxMail.id)
    if states:
        query = query.where(OutboxMail.state.in_(states))
    return list(session.scalars(query.limit(limit)))


def message_ids(session: Session) -> set[str]:
    """The Message-IDs of all mails that the outbox still knows."""
    return set(session.scalars(sa.select(OutboxMail.message_id)))


def wake_by(call: Callable[[], None]) -> None:
    """What to call after a transaction with a mail; set once per process."""
    global _wake  # noqa: PLW0603
    _wake = call


_CLAIMED = (
    *("id", "kind", "person_id", "subject_id", "params", "message_id"),
    *("attempts", "created_at", "give_up_at"),
)


def _wake() -> None:
    """Nobody to wake: the sweep of the next minute finds the mail."""


def _wake_after(session: Session) -> None:
    if session.info.get("mail_waits"):
        return
    session.info["mail_waits"] = True

    def wake(_: Session) -> None:
        session.info.pop("mail_waits", None)
        _wake()

    sa.event.listen(session, "after_commit", wake, once=True)


def _recover(session: Session, at: datetime) -> None:
    """Sort what workers left behind whose lease has run out."""
    left = sa.and_(OutboxMail.state == MailState.SENDING, OutboxMail.lease_until <= at)
    begun = OutboxMail.begun_at.is_not(None)
    free = {"lease_token": None, "lease_until": None, "begun_at": None}
    once_only = sa.or_(OutboxMail.kind.in_(CONSENT_OF), OutboxMail.doubts > 0)
    in_doubt = {"doubts": OutboxMail.doubts + 1, "error": "no answer: worker lost"}
    for condition, values in (
        (
            sa.and_(begun, once_only),
            {
                "state": MailState.UNCERTAIN,
                "params": _without_address(),
                **in_doubt,
            },
        ),
        (begun, {"state": MailState.QUEUED, "due_at": at, **in_doubt}),
        (sa.true(), {"state": MailState.QUEUED}),
    ):
        session.execute(
            sa.update(OutboxMail)
            .where(left, condition)
            .values(**free, **values)
            .execution_options(synchronize_session=False)
        )
    session.execute(
        sa.update(OutboxMail)
        .where(OutboxMail.state == MailState.QUEUED, OutboxMail.give_up_at <= at)
        .values(state=MailState.DEAD, error="out of time", params=_without_address())
        .execution_options(synchronize_session=False)
    )


def _without_address() -> sa.ColumnElement[Any]:
    """The params of a mail that will not leave any more: none for those that name the
    address of an erased account."""
    nothing = sa.literal({}, OutboxMail.params.type)
    return sa.case(
        (OutboxMail.kind == MailKind.ERASED, nothing), else_=OutboxMail.params
    )


def _settle(mail: Claimed, state: MailState, **values: Any) -> None:
    error = values.pop("error", None)
    if mail.kind is MailKind.ERASED and state not in WAITING:
        # The address of an account that is gone, and what servers say to it.
        values["params"], error = {}, None
    _change(
        mail,
        state=state,
        lease_token=None,
        lease_until=None,
        begun_at=None,
        error=None if error is None else _short(error),
        **values,
    )


def _change(mail: Claimed, **values: Any) -> None:
    with db.transaction() as session:
        changed = session.execute(
            sa.update(OutboxMail)
            .where(OutboxMail.id == mail.id, OutboxMail.lease_token == mail.token)
            .values(**values)
            .returning(OutboxMail.id)
            .execution_options(synchronize_session=False)
        ).one_or_none()
        if changed is None:
            raise LeaseLost


def _move(old: MailState, new: MailState) -> int:
    with db.transaction() as session:
        return len(
            session.scalars(
                sa.update(OutboxMail)
                .where(OutboxMail.state == old)
                .values(state=new)
                .returning(OutboxMail.id)
                .execution_options(synchronize_session=False)
            ).all()
        )


def _short(text: str) -> str:
    """An error for the database: one line, without NUL and broken Unicode."""
    clean = text.encode("utf-8", "replace").decode().replace("\x00", " ")
    return " ".join(clean.split())[:500]


def _insert(session: Session) -> Any:
    dialect = session.get_bind().dialect.name
    return (sqlite if dialect == "sqlite" else postgresql).insert
