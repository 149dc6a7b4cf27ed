"""What came of a connected introduction, as one side tells it."""

import enum
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, Identified, words
from .introduction import Introduction, Side
from .keeping import FEEDBACK, declare

DUE_AFTER_DAYS = 14


class Outcome(enum.StrEnum):
    LITTLE = "little"
    INFORMATIVE = "informative"
    HELPFUL = "helpful"
    COOPERATION = "cooperation"


class Feedback(Identified, Base):
    __tablename__ = "feedback"
    __table_args__ = (
        sa.UniqueConstraint("introduction_id", "side"),
        sa.CheckConstraint(
            "helpful IS NULL OR helpful BETWEEN 1 AND 5", name="helpful"
        ),
        sa.CheckConstraint(
            "held OR (helpful IS NULL AND outcome IS NULL)", name="held_first"
        ),
    )

    introduction_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("introduction.id"), index=True
    )
    side: Mapped[Side]
    person_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="SET NULL")
    )
    held: Mapped[bool]
    outcome: Mapped[Outcome | None]
    helpful: Mapped[int | None]
    sentence: Mapped[str | None] = words(500)
    may_publish: Mapped[bool] = mapped_column(default=False)
    given_at: Mapped[datetime] = mapped_column(index=True)

    introduction: Mapped[Introduction] = relationship()


declare(
    Feedback,
    FEEDBACK,
    id="id introduction_id person_id",
    fact="side held outcome helpful may_publish",
    text="sentence",
    time="given_at",
)
