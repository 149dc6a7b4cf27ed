"""A meeting of two connected companies: starts that one side proposes, one chosen.

Each proposal is a row. The other side chooses one of its starts or proposes others;
a meeting that was fixed stands until a later proposal takes its place or a side
calls it off. Triggers of migration 0005 keep what a CHECK cannot: a row begins as a
proposal, what was proposed and chosen never changes, an end is final.
"""

import enum
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Identified, words
from .introduction import Side, State
from .keeping import MEETING, declare

LONGEST_NOTE = 200
MOST_SLOTS = 3


class MeetingState(enum.StrEnum):
    PROPOSED = "proposed"
    FIXED = "fixed"
    REPLACED = "replaced"  # a later proposal took its place
    CANCELLED = "cancelled"


class MeetingKind(enum.StrEnum):
    VIDEO = "video"
    PHONE = "phone"
    ONSITE = "onsite"


class Meeting(Identified, Base):
    __tablename__ = "meeting"
    __table_args__ = (
        sa.CheckConstraint("introduction_state = 'connected'", name="connected_only"),
        sa.ForeignKeyConstraint(
            ["introduction_id", "introduction_state"],
            ["introduction.id", "introduction.state"],
            name="fk_meeting_connected",
        ),
        sa.CheckConstraint("sequence >= 0", name="sequence_from_zero"),
        sa.CheckConstraint("minutes BETWEEN 15 AND 480", name="minutes_range"),
        sa.CheckConstraint(
            "(slot_2 IS NULL OR slot_2 > slot_1) AND (slot_3 IS NULL"
            " OR (slot_2 IS NOT NULL AND slot_3 > slot_2))",
            name="slots_ordered",
        ),
        sa.CheckConstraint(
            "starts_at IS NULL OR starts_at = slot_1"
            " OR (slot_2 IS NOT NULL AND starts_at = slot_2)"
            " OR (slot_3 IS NOT NULL AND starts_at = slot_3)",
            name="chosen_of_slots",
        ),
        sa.CheckConstraint(
            "chosen_by IS NULL OR chosen_by <> proposed_by", name="chosen_by_other"
        ),
        sa.CheckConstraint(
            "(starts_at IS NULL) = (chosen_by IS NULL)", name="chosen_by_side"
        ),
        sa.CheckConstraint(
            "(starts_at IS NULL) = (chosen_at IS NULL)", name="choice_dated"
        ),
        sa.CheckConstraint(
            "state <> 'proposed' OR starts_at IS NULL", name="proposed_unchosen"
        ),
        sa.CheckConstraint(
            "state <> 'fixed' OR starts_at IS NOT NULL", name="fixed_chosen"
        ),
        sa.CheckConstraint(
            "(state = 'cancelled') = (cancelled_at IS NOT NULL)", name="end_dated"
        ),
        sa.CheckConstraint(
            "cancelled_by IS NULL OR state = 'cancelled'", name="cancelled_by_side"
        ),
        sa.UniqueConstraint(
            "introduction_id", "sequence", name="uq_meeting_introduction_sequence"
        ),
        *(
            sa.Index(
                f"uq_meeting_{state}",
                "introduction_id",
                unique=True,
                sqlite_where=sa.text(f"state = '{state}'"),
                postgresql_where=sa.text(f"state = '{state}'"),
            )
            for state in (MeetingState.PROPOSED, MeetingState.FIXED)
        ),
    )

    introduction_id: Mapped[UUID]
    introduction_state: Mapped[State] = mapped_column(default=State.CONNECTED)
    # The entry in both calendars; kept when a meeting moves, new after its end.
    entry_id: Mapped[UUID]
    sequence: Mapped[int]  # of what calendars were told last; grows per introduction
    state: Mapped[MeetingState] = mapped_column(default=MeetingState.PROPOSED)

    proposed_by: Mapped[Side]
    proposed_person_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="SET NULL")
    )
    proposed_at: Mapped[datetime]
    kind: Mapped[MeetingKind]
    minutes: Mapped[int]
    note: Mapped[str] = words(LONGEST_NOTE, default="")  # where, or who calls whom
    slot_1: Mapped[datetime]
    slot_2: Mapped[datetime | None]
    slot_3: Mapped[datetime | None]

    starts_at: Mapped[datetime | None]  # the slot that was chosen
    chosen_by: Mapped[Side | None]
    chosen_person_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="SET NULL")
    )
    chosen_at: Mapped[datetime | None]

    cancelled_by: Mapped[Side | None]  # empty: ended because the pair was blocked
    cancelled_at: Mapped[datetime | None]

    @property
    def slots(self) -> list[datetime]:
        """The proposed starts, the earliest first."""
        return [one for one in (self.slot_1, self.slot_2, self.slot_3) if one]

    @property
    def lasting(self) -> timedelta:
        return timedelta(minutes=self.minutes)

    def is_ahead(self, at: datetime) -> bool:
        """Whether it is fixed and has not begun."""
        return (
            self.state is MeetingState.FIXED
            and self.starts_at is not None
            and at < self.starts_at
        )


declare(
    Meeting,
    MEETING,
    id="id introduction_id entry_id proposed_person_id chosen_person_id",
    fact="introduction_state sequence state proposed_by kind minutes chosen_by"
    " cancelled_by",
    text="note",
    time="proposed_at slot_1 slot_2 slot_3 starts_at chosen_at cancelled_at",
)
