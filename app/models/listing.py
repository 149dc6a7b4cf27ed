"""A need or an offering of a company."""

import enum
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, Identified, words
from .company import Reach
from .keeping import LISTING, declare

if TYPE_CHECKING:
    from .company import Company

LONGEST_TEXT = 4000
VALID_DAYS = 180


class Kind(enum.StrEnum):
    NEED = "need"
    OFFERING = "offering"


class ListingStatus(enum.StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class Paid(enum.StrEnum):
    NONE = "none"
    MAYBE = "maybe"
    YES = "yes"


class Listing(Identified, Base):
    """What a company needs or offers, in its own words, until a date."""

    __tablename__ = "listing"
    __table_args__ = (
        sa.CheckConstraint("length(text) >= 1", name="text_given"),
        sa.CheckConstraint(
            "radius_km IS NULL OR radius_km BETWEEN 1 AND 1000", name="radius"
        ),
        sa.CheckConstraint(
            "(status = 'closed') = (closed_at IS NOT NULL)", name="closing_dated"
        ),
        sa.CheckConstraint("kind = 'offering' OR paid = 'none'", name="needs_unpaid"),
        sa.Index("ix_listing_open", "status", "valid_until", "kind"),
        sa.Index("ix_listing_newest", "status", "created_at"),
    )

    company_id: Mapped[UUID] = mapped_column(sa.ForeignKey("company.id"), index=True)
    author_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="SET NULL")
    )
    kind: Mapped[Kind]
    title: Mapped[str] = words(120, default="")
    text: Mapped[str] = words(LONGEST_TEXT)
    help_kinds: Mapped[list[str]] = mapped_column(default=list)
    reach: Mapped[Reach] = mapped_column(default=Reach.NATIONAL)
    radius_km: Mapped[int | None]
    paid: Mapped[Paid] = mapped_column(default=Paid.NONE)
    status: Mapped[ListingStatus] = mapped_column(default=ListingStatus.OPEN)
    valid_until: Mapped[date]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

    topics_corrected: Mapped[bool] = mapped_column(default=False)
    vector: Mapped[bytes | None] = mapped_column(sa.LargeBinary)  # matching.topics.pack
    vector_version: Mapped[str | None] = words(80)  # model that made it

    company: Mapped["Company"] = relationship(back_populates="listings")
    topics: Mapped[list["ListingTopic"]] = relationship(
        cascade="all, delete-orphan", order_by="ListingTopic.weight.desc()"
    )

    def is_open(self, today: date) -> bool:
        return self.status is ListingStatus.OPEN and today <= self.valid_until


class ListingTopic(Base):
    """A topic of a listing: recognised by the model, or set by a person."""

    __tablename__ = "listing_topic"
    __table_args__ = (
        sa.CheckConstraint("weight > 0 AND weight <= 1", name="weight"),
        sa.Index("ix_listing_topic_strongest", "topic_id", "weight"),
    )

    listing_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("listing.id", ondelete="CASCADE"), primary_key=True
    )
    topic_id: Mapped[str] = mapped_column(
        sa.ForeignKey("topic.id"), primary_key=True, index=True
    )
    weight: Mapped[float] = mapped_column(sa.Double)
    by_person: Mapped[bool] = mapped_column(default=False)


declare(
    Listing,
    LISTING,
    id="id company_id author_id",
    text="title text vector",
    fact="kind help_kinds reach radius_km paid status topics_corrected",
    time="valid_until created_at updated_at closed_at",
    technical="vector_version",
)
declare(ListingTopic, LISTING, id="listing_id topic_id", fact="weight by_person")
