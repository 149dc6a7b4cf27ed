"""That somebody was erased: an id and a time, so that no backup brings them back."""

import enum
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, words
from .keeping import ERASURE, SERVICE, declare


class ErasureKind(enum.StrEnum):
    PERSON = "person"
    COMPANY = "company"


class Erasure(Base):
    """One person or company that was erased. The same is written to a file beside
    the database (`services/erasure_log.py`)."""

    __tablename__ = "erasure"

    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[ErasureKind]
    at: Mapped[datetime] = mapped_column(index=True)
    # When the files of the database were freed of what had stood there.
    scrubbed_at: Mapped[datetime | None] = mapped_column(index=True)


class RetentionLimit(Base):
    """Rows of an append-only table that are older than this may be deleted. Triggers
    of migration 0006 refuse all other deletions, and that the limit moves back."""

    __tablename__ = "retention_limit"
    __table_args__ = (
        sa.CheckConstraint(
            "table_name IN ('audit_event', 'consent_event', 'decision_event')",
            name="append_only",
        ),
    )

    table_name: Mapped[str] = words(40, primary_key=True)
    before: Mapped[datetime]


declare(Erasure, ERASURE, id="subject_id", fact="kind", time="at scrubbed_at")
declare(RetentionLimit, SERVICE, technical="table_name", time="before")
