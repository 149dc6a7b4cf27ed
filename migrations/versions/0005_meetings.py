"""Meetings: proposed starts, the chosen one, and the mails about them

A row begins as a proposal of one side of a connection, with no starts but its own to
choose from; what was proposed and chosen never changes, an end is final, and a pair
that is blocked gets no new one.

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-26
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SIDES = "('lo', 'hi')"
STATES = "('proposed', 'fixed', 'replaced', 'cancelled')"
KEPT = (
    *("introduction_id", "entry_id", "proposed_by", "proposed_at", "kind", "minutes"),
    *("note", "slot_1"),
)

# name, event, condition, message
GUARDS = (
    ("meeting_begins", "INSERT", "NEW.state <> 'proposed'", "a meeting begins proposed"),
    (
        "meeting_blocked",
        "INSERT",
        "EXISTS (SELECT 1 FROM introduction JOIN block"
        " ON block.company_lo_id = introduction.company_lo_id"
        " AND block.company_hi_id = introduction.company_hi_id"
        " WHERE introduction.id = NEW.introduction_id)",
        "this pair is blocked",
    ),
    (
        "meeting_kept",
        "UPDATE",
        " OR ".join(f"NEW.{name} <> OLD.{name}" for name in KEPT)
        + "".join(
            f" OR (NEW.{name} IS NULL) <> (OLD.{name} IS NULL)"
            f" OR NEW.{name} <> OLD.{name}"
            for name in ("slot_2", "slot_3")
        ),
        "a proposal never changes",
    ),
    (
        "meeting_chosen",
        "UPDATE",
        "OLD.starts_at IS NOT NULL AND (NEW.starts_at IS NULL"
        " OR NEW.starts_at <> OLD.starts_at OR NEW.chosen_by <> OLD.chosen_by)",
        "a choice once made never changes",
    ),
    (
        "meeting_final",
        "UPDATE",
        "(OLD.state IN ('replaced', 'cancelled') AND NEW.state <> OLD.state)"
        " OR (OLD.state = 'fixed' AND NEW.state = 'proposed')",
        "an end is final",
    ),
    (
        "meeting_sequence",
        "UPDATE",
        "NEW.sequence < OLD.sequence",
        "a sequence only grows",
    ),
)

KINDS = (
    *("confirm", "reset", "security", "approved", "seat", "contact"),
    *("digest", "reminder", "feedback"),
)
MEETING_KINDS = (
    *("meeting_proposed", "meeting_fixed", "meeting_moved", "meeting_cancelled"),
)


def upgrade() -> None:
    _create_meeting()
    guard = _guard_sqlite if _on_sqlite() else _guard_postgresql
    for name, event, condition, message in GUARDS:
        guard(name, event, condition, message)
    _know_mails((*KINDS, *MEETING_KINDS))


def downgrade() -> None:
    listed = ", ".join(f"'{kind}'" for kind in MEETING_KINDS)
    op.execute(f"DELETE FROM outbox_mail WHERE kind IN ({listed})")
    _know_mails(KINDS)
    op.drop_table("meeting")  # and its triggers with it
    if not _on_sqlite():
        for name, *_ in GUARDS:
            op.execute(f"DROP FUNCTION {name}()")


def _create_meeting() -> None:
    side, state = (sa.String(24) for _ in range(2))
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "meeting",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("introduction_id", sa.Uuid(), nullable=False),
        sa.Column("introduction_state", state, nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("state", state, nullable=False),
        sa.Column("proposed_by", side, nullable=False),
        sa.Column("proposed_person_id", sa.Uuid(), nullable=True),
        sa.Column("proposed_at", instant, nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("slot_1", instant, nullable=False),
        sa.Column("slot_2", instant, nullable=True),
        sa.Column("slot_3", instant, nullable=True),
        sa.Column("starts_at", instant, nullable=True),
        sa.Column("chosen_by", side, nullable=True),
        sa.Column("chosen_person_id", sa.Uuid(), nullable=True),
        sa.Column("chosen_at", instant, nullable=True),
        sa.Column("cancelled_by", side, nullable=True),
        sa.Column("cancelled_at", instant, nullable=True),
        *_checks(),
        sa.ForeignKeyConstraint(
            ["introduction_id", "introduction_state"],
            ["introduction.id", "introduction.state"],
            name="fk_meeting_connected",
        ),
        *(
            sa.ForeignKeyConstraint(
                [column],
                ["person.id"],
                name=op.f(f"fk_meeting_{column}_person"),
                ondelete="SET NULL",
            )
            for column in ("proposed_person_id", "chosen_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting")),
        sa.UniqueConstraint(
            "introduction_id", "sequence", name="uq_meeting_introduction_sequence"
        ),
    )
    for name in ("proposed", "fixed"):
        where = sa.text(f"state = '{name}'")
        op.create_index(
            f"uq_meeting_{name}",
            "meeting",
            ["introduction_id"],
            unique=True,
            sqlite_where=where,
            postgresql_where=where,
        )


def _checks() -> list[sa.CheckConstraint]:
    rules = {
        "connected_only": "introduction_state = 'connected'",
        "introduction_state_known": "introduction_state IN ('draft', 'proposed',"
        " 'half', 'connected', 'declined', 'expired', 'withdrawn', 'cancelled')",
        "state_known": f"state IN {STATES}",
        "kind_known": "kind IN ('video', 'phone', 'onsite')",
        "proposed_by_known": f"proposed_by IN {SIDES}",
        "chosen_by_known": f"chosen_by IN {SIDES}",
        "cancelled_by_known": f"cancelled_by IN {SIDES}",
        "sequence_from_zero": "sequence >= 0",
        "minutes_range": "minutes BETWEEN 15 AND 480",
        "note_length": "length(note) <= 200",
        "slots_ordered": "(slot_2 IS NULL OR slot_2 > slot_1) AND (slot_3 IS NULL"
        " OR (slot_2 IS NOT NULL AND slot_3 > slot_2))",
        "chosen_of_slots": "starts_at IS NULL OR starts_at = slot_1"
        " OR (slot_2 IS NOT NULL AND starts_at = slot_2)"
        " OR (slot_3 IS NOT NULL AND starts_at = slot_3)",
        "chosen_by_other": "chosen_by IS NULL OR chosen_by <> proposed_by",
        "chosen_by_side": "(starts_at IS NULL) = (chosen_by IS NULL)",
        "choice_dated": "(starts_at IS NULL) = (chosen_at IS NULL)",
        "proposed_unchosen": "state <> 'proposed' OR starts_at IS NULL",
        "fixed_chosen": "state <> 'fixed' OR starts_at IS NOT NULL",
        "end_dated": "(state = 'cancelled') = (cancelled_at IS NOT NULL)",
        "cancelled_by_side": "cancelled_by IS NULL OR state = 'cancelled'",
    }
    return [
        sa.CheckConstraint(rule, name=op.f(f"ck_meeting_{name}"))
        for name, rule in rules.items()
    ]


def _know_mails(kinds: tuple[str, ...]) -> None:
    """Let the outbox take these kinds of mail and no others."""
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    name = op.f("ck_outbox_mail_kind_known")
    with op.batch_alter_table("outbox_mail") as batch:
        batch.drop_constraint(name, type_="check")
        batch.create_check_constraint(name, f"kind IN ({listed})")


def _on_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _guard_sqlite(name: str, event: str, condition: str, message: str) -> None:
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {event} ON meeting FOR EACH ROW"
        f" WHEN {condition} BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )


def _guard_postgresql(name: str, event: str, condition: str, message: str) -> None:
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF {condition} THEN RAISE integrity_constraint_violation"
        f" USING MESSAGE = '{message}'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {event} ON meeting"
        f" FOR EACH ROW EXECUTE FUNCTION {name}()"
    )
