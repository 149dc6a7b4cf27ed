"""Mails to be sent: a row in the transaction that causes the mail, sent later."""

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Identified, words
from .keeping import CONSENT, MAIL, declare


class MailState(enum.StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"
    UNCERTAIN = "uncertain"
    SUPPRESSED = "suppressed"
    HELD = "held"


class MailKind(enum.StrEnum):
    """Names a function of mail/messages.py and three templates."""

    CONFIRM = "confirm"
    RESET = "reset"
    SECURITY = "security"
    APPROVED = "approved"
    SEAT = "seat"
    CONTACT = "contact"
    MEETING_PROPOSED = "meeting_proposed"
    MEETING_FIXED = "meeting_fixed"
    MEETING_MOVED = "meeting_moved"
    MEETING_CANCELLED = "meeting_cancelled"
    DIGEST = "digest"
    REMINDER = "reminder"
    FEEDBACK = "feedback"
    ERASED = "erased"


class ConsentKind(enum.StrEnum):
    DIGEST = "digest"
    REMINDER = "reminder"
    FEEDBACK = "feedback"
    NEWS = "news"


class ConsentAction(enum.StrEnum):
    REQUESTED = "requested"
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


class ConsentEvent(Identified, Base):
    """What a person agreed to or took back; appended, never changed. The latest
    event of a person and kind is the current state."""

    __tablename__ = "consent_event"
    __table_args__ = (sa.Index("ix_consent_event_latest", "person_id", "kind", "at"),)

    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("person.id"))
    kind: Mapped[ConsentKind]
    action: Mapped[ConsentAction]
    at: Mapped[datetime]
    wording: Mapped[str] = words(40)  # version of the text next to the box
    source: Mapped[str] = words(40)  # page, mail link, import


class OutboxMail(Identified, Base):
    """A mail as kind and ids, never as text: rendered when it is sent, so that
    consent, address and rights are those of that moment."""

    __tablename__ = "outbox_mail"
    __table_args__ = (
        sa.CheckConstraint(
            "(state = 'sending') = (lease_token IS NOT NULL)", name="leased"
        ),
        sa.CheckConstraint(
            "(lease_token IS NULL) = (lease_until IS NULL)", name="lease_whole"
        ),
        sa.CheckConstraint(
            "(state = 'sent') = (sent_at IS NOT NULL)", name="sent_dated"
        ),
        sa.CheckConstraint(
            "kind NOT IN ('digest', 'reminder', 'feedback') OR consent_id IS NOT NULL",
            name="consented",
        ),
        sa.Index("ix_outbox_mail_due", "state", "due_at"),
    )

    kind: Mapped[MailKind]
    person_id: Mapped[UUID] = mapped_column(sa.ForeignKey("person.id"), index=True)
    subject_id: Mapped[UUID | None]  # the round, introduction … it speaks of
    params: Mapped[dict[str, Any]] = mapped_column(default=dict)  # no secrets
    dedupe_key: Mapped[str] = words(160, unique=True)
    message_id: Mapped[str] = words(200, unique=True)
    consent_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("consent_event.id"))
    state: Mapped[MailState] = mapped_column(default=MailState.QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    give_up_at: Mapped[datetime]
    lease_token: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    # Handed to the mail server in this attempt: from here on it may have arrived.
    begun_at: Mapped[datetime | None]
    doubts: Mapped[int] = mapped_column(default=0, server_default="0")  # no answer
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None] = words(500)


declare(
    ConsentEvent,
    CONSENT,
    id="id person_id",
    fact="kind action wording source",
    time="at",
)
declare(
    OutboxMail,
    MAIL,
    id="id person_id subject_id consent_id",
    fact="kind state attempts doubts",
    text="params error",  # servers repeat addresses in what they answer
    technical="dedupe_key message_id lease_token",
    time="due_at give_up_at lease_until begun_at created_at sent_at",
)
