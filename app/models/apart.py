"""Pairs that are kept apart: for a time, or for good."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, words
from .introduction import State
from .keeping import APART, declare


class Cooldown(Base):
    """Until when a pair is not introduced again."""

    __tablename__ = "cooldown"
    __table_args__ = (
        sa.CheckConstraint("company_lo_id < company_hi_id", name="pair_ordered"),
    )

    company_lo_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("company.id", ondelete="CASCADE"), primary_key=True
    )
    company_hi_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("company.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    until: Mapped[datetime]
    cause: Mapped[State]


class Block(Base):
    """A pair that is never introduced (again): a complaint, or a person's wish."""

    __tablename__ = "block"
    __table_args__ = (
        sa.CheckConstraint("company_lo_id < company_hi_id", name="pair_ordered"),
    )

    company_lo_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("company.id", ondelete="CASCADE"), primary_key=True
    )
    company_hi_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("company.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    at: Mapped[datetime]
    reason: Mapped[str] = words(200, default="")


declare(Cooldown, APART, id="company_lo_id company_hi_id", fact="cause", time="until")
declare(Block, APART, id="company_lo_id company_hi_id", text="reason", time="at")
