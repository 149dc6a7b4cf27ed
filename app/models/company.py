"""A company: what members and the engine may know of it."""

import enum
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, Identified, words
from .keeping import APART, COMPANY, ERASURE, declare

if TYPE_CHECKING:
    from .listing import Listing
    from .person import Person

MOST_PER_WEEK = 5


class CompanyStatus(enum.StrEnum):
    APPLIED = "applied"
    APPROVED = "approved"
    REFUSED = "refused"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class Membership(enum.StrEnum):
    MEMBER = "member"
    INTERESTED = "interested"


class Reach(enum.StrEnum):
    ONSITE = "onsite"
    STATE = "state"
    NATIONAL = "national"
    REMOTE = "remote"


class Company(Identified, Base):
    """A member company or an interested one; takes part once an organizer approved."""

    __tablename__ = "company"
    __table_args__ = (
        sa.CheckConstraint("length(name) >= 2", name="name_given"),
        sa.CheckConstraint(f"capacity BETWEEN 0 AND {MOST_PER_WEEK}", name="capacity"),
        sa.CheckConstraint("max_open BETWEEN 0 AND 20", name="max_open"),
        sa.CheckConstraint("lat IS NULL OR lat BETWEEN -90 AND 90", name="lat"),
        sa.CheckConstraint("lon IS NULL OR lon BETWEEN -180 AND 180", name="lon"),
        sa.CheckConstraint("(lat IS NULL) = (lon IS NULL)", name="point_whole"),
        sa.CheckConstraint("stage IS NULL OR stage BETWEEN 0 AND 5", name="stage"),
        sa.CheckConstraint(
            "(status <> 'approved') OR (approved_at IS NOT NULL)", name="approval_dated"
        ),
        sa.Index("ix_company_status_state", "status", "state"),
    )

    name: Mapped[str] = words(200)
    name_key: Mapped[str] = words(200, index=True)  # folded, without legal form
    status: Mapped[CompanyStatus] = mapped_column(default=CompanyStatus.APPLIED)
    status_reason: Mapped[str | None] = words(500)
    membership: Mapped[Membership] = mapped_column(default=Membership.INTERESTED)
    member_number: Mapped[str | None] = words(40)
    is_demo: Mapped[bool] = mapped_column(default=False)

    place: Mapped[str | None] = words(120)
    postal_code: Mapped[str | None] = words(10)
    state: Mapped[str | None] = words(5)  # ISO 3166-2, DE-BW
    lat: Mapped[float | None]
    lon: Mapped[float | None]

    sector: Mapped[str | None] = words(5)  # WZ 2008 division or class, digits
    size: Mapped[str | None] = words(10)  # id of a size class of the knowledge base
    stage: Mapped[int | None]
    areas: Mapped[list[str]] = mapped_column(default=list)  # where AI is in use
    languages: Mapped[list[str]] = mapped_column(default=lambda: ["de"])
    about: Mapped[str | None] = words(1000)

    capacity: Mapped[int] = mapped_column(default=3)  # new suggestions a week
    max_open: Mapped[int] = mapped_column(default=5)  # open introductions at most
    show_name: Mapped[bool | None]  # None: not asked yet, so not shown
    no_paid: Mapped[bool] = mapped_column(default=False)
    no_competitors: Mapped[bool] = mapped_column(default=False)
    paused_until: Mapped[date | None]

    created_at: Mapped[datetime]
    approved_at: Mapped[datetime | None]
    onboarded_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]  # then nothing but the id says anything

    persons: Mapped[list["Person"]] = relationship(back_populates="company")
    listings: Mapped[list["Listing"]] = relationship(back_populates="company")

    @property
    def is_erased(self) -> bool:
        return self.erased_at is not None

    @property
    def is_active(self) -> bool:
        return self.status is CompanyStatus.APPROVED

    def is_paused(self, today: date) -> bool:
        return self.paused_until is not None and today < self.paused_until


class Avoidance(Base):
    """A company that another one knows already or does not want to meet."""

    __tablename__ = "avoidance"
    __table_args__ = (
        sa.CheckConstraint("company_id <> other_id", name="two_companies"),
    )

    company_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("company.id", ondelete="CASCADE"), primary_key=True
    )
    other_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("company.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    created_at: Mapped[datetime]


declare(
    Company,
    COMPANY,
    contact="name name_key member_number place postal_code lat lon",
    text="status_reason about",
    fact="status membership is_demo state sector size stage areas languages capacity"
    " max_open show_name no_paid no_competitors",
    time="paused_until created_at approved_at onboarded_at",
)
declare(Company, ERASURE, id="id", time="erased_at")
declare(Avoidance, APART, id="company_id other_id", time="created_at")
