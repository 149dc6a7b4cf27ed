"""A weekly matching run: computed, reviewed, released."""

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Identified, words
from .keeping import ROUND, SERVICE, declare


class RoundState(enum.StrEnum):
    COMPUTING = "computing"
    DRAFT = "draft"
    RELEASED = "released"
    FAILED = "failed"


class EditKind(enum.StrEnum):
    PIN = "pin"
    DROP = "drop"


class Round(Identified, Base):
    """One ISO week's run. The lease says who computes it; its token only grows, so
    that a worker that was thought dead cannot publish over its successor."""

    __tablename__ = "round"
    __table_args__ = (
        sa.CheckConstraint(
            "(state = 'released') = (released_at IS NOT NULL)", name="release_dated"
        ),
        sa.CheckConstraint(
            "state NOT IN ('draft', 'released') OR computed_at IS NOT NULL",
            name="computing_dated",
        ),
        sa.CheckConstraint(
            "(state = 'computing') = (lease_until IS NOT NULL)", name="leased"
        ),
        sa.CheckConstraint("week LIKE '____-W__'", name="week_form"),
    )

    week: Mapped[str] = words(8, unique=True)  # 2026-W48, in Europe/Berlin
    state: Mapped[RoundState] = mapped_column(default=RoundState.COMPUTING)
    seed: Mapped[int]
    created_at: Mapped[datetime]
    computed_at: Mapped[datetime | None]
    release_at: Mapped[datetime | None]  # None: waits for an organizer
    held: Mapped[bool] = mapped_column(default=False)
    released_at: Mapped[datetime | None] = mapped_column(index=True)
    released_by: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="SET NULL")
    )
    lease_token: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    progress: Mapped[dict[str, Any]] = mapped_column(default=dict)  # step, share
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    manifest: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error: Mapped[str | None] = words(1000)


class RoundEdit(Identified, Base):
    """A pair that an organizer pinned or dropped while reviewing."""

    __tablename__ = "round_edit"
    __table_args__ = (
        sa.UniqueConstraint("round_id", "company_lo_id", "company_hi_id"),
        sa.CheckConstraint("company_lo_id < company_hi_id", name="pair_ordered"),
    )

    round_id: Mapped[UUID] = mapped_column(sa.ForeignKey("round.id"), index=True)
    company_lo_id: Mapped[UUID] = mapped_column(sa.ForeignKey("company.id"))
    company_hi_id: Mapped[UUID] = mapped_column(sa.ForeignKey("company.id"))
    kind: Mapped[EditKind]
    by_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="SET NULL")
    )
    at: Mapped[datetime]


class MatchingSettings(Base):
    """The weights and caps of the engine; every change is a new version."""

    __tablename__ = "matching_settings"

    version: Mapped[int] = mapped_column(primary_key=True)
    values: Mapped[dict[str, Any]]
    note: Mapped[str] = words(200, default="")
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="SET NULL")
    )


class Uncovered(Base):
    """A company without a suggestion in a round, or a need without an offering."""

    __tablename__ = "uncovered"

    round_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("round.id", ondelete="CASCADE"), primary_key=True
    )
    company_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("company.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    reason: Mapped[str] = words(40)


class UnmetNeed(Base):
    """An open need for which a round found no eligible offering above the floor."""

    __tablename__ = "unmet_need"

    round_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("round.id", ondelete="CASCADE"), primary_key=True
    )
    listing_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("listing.id", ondelete="CASCADE"), primary_key=True, index=True
    )


declare(
    Round,
    ROUND,
    id="id released_by",
    fact="week state seed held settings manifest",
    time="created_at computed_at release_at released_at lease_until",
    technical="lease_token progress error",
)
declare(
    RoundEdit,
    ROUND,
    id="id round_id company_lo_id company_hi_id by_id",
    fact="kind",
    time="at",
)
declare(
    MatchingSettings,
    SERVICE,
    id="created_by",
    fact="version values note",
    time="created_at",
)
declare(Uncovered, ROUND, id="round_id company_id", fact="reason")
declare(UnmetNeed, ROUND, id="round_id listing_id")
