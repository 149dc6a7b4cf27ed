"""An introduction: an unordered pair of companies in a round and their two decisions.

`lo` and `hi` are the two sides; the company with the smaller id is `lo`. Both
decisions stand in one row, so that one CHECK sees both. Triggers of the first
migration keep what a CHECK cannot: a decision once made and a final state never
change, and no pair is introduced while it is blocked or cooling down.
"""

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, Identified, words
from .company import Company
from .keeping import INTRODUCTION, declare
from .listing import Listing
from .round import Round

DAYS_TO_ANSWER = 14


class State(enum.StrEnum):
    DRAFT = "draft"
    PROPOSED = "proposed"
    HALF = "half"
    CONNECTED = "connected"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"


OPEN_STATES = (State.DRAFT, State.PROPOSED, State.HALF)
AWAITING = (State.PROPOSED, State.HALF)


class Decision(enum.StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"


class DeclineReason(enum.StrEnum):
    NO_TIME = "no_time"
    NOT_THE_TOPIC = "not_the_topic"
    KNOW_EACH_OTHER = "know_each_other"
    COMPETITOR = "competitor"
    TOO_FAR = "too_far"
    ONLY_SELLING = "only_selling"
    OTHER = "other"


class Side(enum.StrEnum):
    LO = "lo"
    HI = "hi"

    @property
    def other(self) -> "Side":
        return Side.HI if self is Side.LO else Side.LO


class Band(enum.StrEnum):
    STRONG = "strong"
    GOOD = "good"
    POSSIBLE = "possible"


class Slot(enum.StrEnum):
    MODEL = "model"
    EXPLORE = "explore"
    PINNED = "pinned"


class Introduction(Identified, Base):
    __tablename__ = "introduction"
    __table_args__ = (
        sa.CheckConstraint("company_lo_id < company_hi_id", name="pair_ordered"),
        sa.CheckConstraint(
            "(state = 'connected') ="
            " (lo_decision = 'accepted' AND hi_decision = 'accepted')",
            name="connected_by_both",
        ),
        sa.CheckConstraint(
            "(state = 'connected') = (connected_at IS NOT NULL)",
            name="connection_dated",
        ),
        sa.CheckConstraint(
            "(state = 'declined') ="
            " (lo_decision = 'declined' OR hi_decision = 'declined')",
            name="declined_by_one",
        ),
        sa.CheckConstraint(
            "state NOT IN ('draft', 'proposed')"
            " OR (lo_decision = 'pending' AND hi_decision = 'pending')",
            name="proposed_undecided",
        ),
        sa.CheckConstraint(
            "state <> 'half' OR (lo_decision = 'accepted' AND hi_decision = 'pending')"
            " OR (lo_decision = 'pending' AND hi_decision = 'accepted')",
            name="half_by_one",
        ),
        sa.CheckConstraint(
            "(state IN ('draft', 'proposed', 'half')) = (closed_at IS NULL)",
            name="open_or_closed",
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'cancelled')"
            " OR (shown_at IS NOT NULL AND expires_at IS NOT NULL)",
            name="showing_dated",
        ),
        sa.CheckConstraint(
            "(lo_decision = 'pending') = (lo_decided_at IS NULL)", name="lo_dated"
        ),
        sa.CheckConstraint(
            "(hi_decision = 'pending') = (hi_decided_at IS NULL)", name="hi_dated"
        ),
        sa.CheckConstraint(
            "lo_reason IS NULL OR lo_decision = 'declined'", name="lo_reason_declines"
        ),
        sa.CheckConstraint(
            "hi_reason IS NULL OR hi_decision = 'declined'", name="hi_reason_declines"
        ),
        sa.CheckConstraint("score BETWEEN 0 AND 1", name="score_range"),
        sa.CheckConstraint("propensity > 0 AND propensity <= 1", name="propensity"),
        sa.UniqueConstraint(
            "round_id",
            "company_lo_id",
            "company_hi_id",
            name="uq_introduction_round_pair",
        ),
        sa.UniqueConstraint("id", "state", name="uq_introduction_id_state"),
        sa.Index(
            "uq_introduction_open_pair",
            "company_lo_id",
            "company_hi_id",
            unique=True,
            sqlite_where=sa.text("state IN ('draft', 'proposed', 'half')"),
            postgresql_where=sa.text("state IN ('draft', 'proposed', 'half')"),
        ),
        sa.Index(
            "uq_introduction_connected_pair",
            "company_lo_id",
            "company_hi_id",
            unique=True,
            sqlite_where=sa.text("state = 'connected'"),
            postgresql_where=sa.text("state = 'connected'"),
        ),
        sa.Index("ix_introduction_due", "state", "expires_at"),
        sa.Index("ix_introduction_lo_state", "company_lo_id", "state"),
        sa.Index("ix_introduction_hi_state", "company_hi_id", "state"),
    )

    round_id: Mapped[UUID] = mapped_column(sa.ForeignKey("round.id"), index=True)
    company_lo_id: Mapped[UUID] = mapped_column(sa.ForeignKey("company.id"))
    company_hi_id: Mapped[UUID] = mapped_column(sa.ForeignKey("company.id"))
    state: Mapped[State] = mapped_column(default=State.DRAFT)

    lo_decision: Mapped[Decision] = mapped_column(default=Decision.PENDING)
    hi_decision: Mapped[Decision] = mapped_column(default=Decision.PENDING)
    lo_decided_at: Mapped[datetime | None]
    hi_decided_at: Mapped[datetime | None]
    lo_person_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="SET NULL")
    )
    hi_person_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="SET NULL")
    )
    lo_reason: Mapped[DeclineReason | None]
    hi_reason: Mapped[DeclineReason | None]
    lo_tells: Mapped[bool] = mapped_column(default=False)  # "say that I am interested"
    hi_tells: Mapped[bool] = mapped_column(default=False)
    lo_seen_at: Mapped[datetime | None]
    hi_seen_at: Mapped[datetime | None]

    score: Mapped[float] = mapped_column(sa.Double)
    band: Mapped[Band]
    slot: Mapped[Slot] = mapped_column(default=Slot.MODEL)
    propensity: Mapped[float] = mapped_column(sa.Double, default=1.0)
    misfits: Mapped[list[Any]] = mapped_column(default=list)

    created_at: Mapped[datetime]
    shown_at: Mapped[datetime | None] = mapped_column(index=True)
    expires_at: Mapped[datetime | None]
    connected_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None] = words(40)

    round: Mapped[Round] = relationship()
    company_lo: Mapped[Company] = relationship(foreign_keys=[company_lo_id])
    company_hi: Mapped[Company] = relationship(foreign_keys=[company_hi_id])
    matches: Mapped[list["Match"]] = relationship(
        cascade="all, delete-orphan", order_by="Match.score.desc()"
    )

    def side_of(self, company_id: UUID | None) -> Side | None:
        if company_id == self.company_lo_id:
            return Side.LO
        if company_id == self.company_hi_id:
            return Side.HI
        return None

    def company(self, side: Side) -> Company:
        return self.company_lo if side is Side.LO else self.company_hi

    def decision(self, side: Side) -> Decision:
        return self.lo_decision if side is Side.LO else self.hi_decision

    def seen_at(self, side: Side) -> datetime | None:
        return self.lo_seen_at if side is Side.LO else self.hi_seen_at

    def awaits(self, side: Side, now: datetime) -> bool:
        """Whether this side may still decide."""
        return (
            self.state in AWAITING
            and self.decision(side) is Decision.PENDING
            and self.expires_at is not None
            and now < self.expires_at
        )


class Match(Identified, Base):
    """One need met by one offering inside an introduction."""

    __tablename__ = "match"
    __table_args__ = (
        sa.UniqueConstraint("introduction_id", "need_id", "offering_id"),
        sa.CheckConstraint("score BETWEEN 0 AND 1", name="score_range"),
    )

    introduction_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("introduction.id", ondelete="CASCADE"), index=True
    )
    need_id: Mapped[UUID] = mapped_column(sa.ForeignKey("listing.id"), index=True)
    offering_id: Mapped[UUID] = mapped_column(sa.ForeignKey("listing.id"), index=True)
    giver: Mapped[Side]  # the side whose offering it is
    score: Mapped[float] = mapped_column(sa.Double)
    parts: Mapped[dict[str, Any]]
    reasons: Mapped[list[Any]] = mapped_column(default=list)

    need: Mapped[Listing] = relationship(foreign_keys=[need_id])
    offering: Mapped[Listing] = relationship(foreign_keys=[offering_id])


class IntroductionSlot(Base):
    """Caps a company's suggestions per round: one row per suggestion and side."""

    __tablename__ = "introduction_slot"
    __table_args__ = (
        sa.UniqueConstraint("introduction_id", "company_id"),
        sa.CheckConstraint("slot BETWEEN 1 AND 5", name="slot_range"),
    )

    round_id: Mapped[UUID] = mapped_column(sa.ForeignKey("round.id"), primary_key=True)
    company_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("company.id"), primary_key=True
    )
    slot: Mapped[int] = mapped_column(primary_key=True)
    introduction_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("introduction.id", ondelete="CASCADE"), index=True
    )


class ContactRelease(Base):
    """Lets one side read the contact of the other side's person. Contact data of
    another company is read only through a join on this table; its foreign key to
    (id, state) makes a release without a connection impossible."""

    __tablename__ = "contact_release"
    __table_args__ = (
        sa.CheckConstraint("state = 'connected'", name="connected_only"),
        sa.ForeignKeyConstraint(
            ["introduction_id", "state"],
            ["introduction.id", "introduction.state"],
            name="fk_contact_release_connected",
        ),
    )

    introduction_id: Mapped[UUID] = mapped_column(primary_key=True)
    to_side: Mapped[Side] = mapped_column(primary_key=True)
    state: Mapped[State] = mapped_column(default=State.CONNECTED)
    person_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="SET NULL"), index=True
    )
    released_at: Mapped[datetime]


declare(
    Introduction,
    INTRODUCTION,
    id="id round_id company_lo_id company_hi_id lo_person_id hi_person_id",
    fact="state lo_decision hi_decision lo_reason hi_reason lo_tells hi_tells score"
    " band slot propensity cancel_reason",
    text="misfits",
    time="lo_decided_at hi_decided_at lo_seen_at hi_seen_at created_at shown_at"
    " expires_at connected_at closed_at",
)
declare(
    Match,
    INTRODUCTION,
    id="id introduction_id need_id offering_id",
    fact="giver score parts",
    text="reasons",  # names words of the two texts
)
declare(
    IntroductionSlot,
    INTRODUCTION,
    id="round_id company_id introduction_id",
    fact="slot",
)
declare(
    ContactRelease,
    INTRODUCTION,
    id="introduction_id person_id",
    fact="to_side state",
    time="released_at",
)
