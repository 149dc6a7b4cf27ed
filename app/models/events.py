"""What happened: decisions and organizers' acts, appended and never changed."""

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Identified, words
from .introduction import Side
from .keeping import AUDIT, INTRODUCTION, SERVICE, TRIES, declare


class DecisionAct(enum.StrEnum):
    RELEASE = "release"
    ACCEPT = "accept"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    CANCEL = "cancel"


class DecisionEvent(Identified, Base):
    """One step of an introduction's life."""

    __tablename__ = "decision_event"

    introduction_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("introduction.id"), index=True
    )
    act: Mapped[DecisionAct]
    side: Mapped[Side | None]
    person_id: Mapped[UUID | None]  # no foreign key: outlives the account
    reason: Mapped[str | None] = words(40)
    at: Mapped[datetime] = mapped_column(index=True)


class AuditEvent(Identified, Base):
    """Something an organizer, an admin or the system did."""

    __tablename__ = "audit_event"

    actor_id: Mapped[UUID | None] = mapped_column(index=True)
    action: Mapped[str] = words(60)  # round.release, company.approve …
    subject_kind: Mapped[str | None] = words(40)
    subject_id: Mapped[str | None] = words(60, index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    at: Mapped[datetime] = mapped_column(index=True)


class RateLimit(Base):
    """Hits per key and window, shared by all workers."""

    __tablename__ = "rate_limit"

    key: Mapped[str] = words(255, primary_key=True)
    hits: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Lease(Base):
    """Who does a job right now: a name, a token and until when."""

    __tablename__ = "lease"

    name: Mapped[str] = words(60, primary_key=True)
    token: Mapped[UUID]
    until: Mapped[datetime]


declare(
    DecisionEvent,
    INTRODUCTION,
    id="id introduction_id person_id",
    fact="act side reason",
    time="at",
)
declare(
    AuditEvent,
    AUDIT,
    id="id actor_id subject_id",
    fact="action subject_kind",
    text="detail",
    time="at",
)
declare(RateLimit, TRIES, technical="key hits", time="expires_at")
declare(Lease, SERVICE, technical="name token", time="until")
