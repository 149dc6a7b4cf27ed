"""Guards that a CHECK cannot keep, and the three roles

Decisions and final states never change; events are only appended; a pair that is
blocked or cooling down gets no new introduction.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-24
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("audit_event", "consent_event", "decision_event")

FINAL = "('connected', 'declined', 'expired', 'withdrawn', 'cancelled')"

# name, event and table, condition, message
INTRODUCTION_GUARDS = (
    (
        "introduction_final",
        "UPDATE",
        f"OLD.state IN {FINAL} AND NEW.state <> OLD.state",
        "a final state never changes",
    ),
    (
        "introduction_lo_decided",
        "UPDATE",
        "OLD.lo_decision <> 'pending' AND NEW.lo_decision <> OLD.lo_decision",
        "a decision once made never changes",
    ),
    (
        "introduction_hi_decided",
        "UPDATE",
        "OLD.hi_decision <> 'pending' AND NEW.hi_decision <> OLD.hi_decision",
        "a decision once made never changes",
    ),
    (
        "introduction_pair_kept",
        "UPDATE",
        "NEW.company_lo_id <> OLD.company_lo_id"
        " OR NEW.company_hi_id <> OLD.company_hi_id OR NEW.round_id <> OLD.round_id",
        "the pair of an introduction never changes",
    ),
    (
        "introduction_blocked",
        "INSERT",
        "EXISTS (SELECT 1 FROM block WHERE block.company_lo_id = NEW.company_lo_id"
        " AND block.company_hi_id = NEW.company_hi_id)",
        "this pair is blocked",
    ),
    (
        "introduction_cooling",
        "INSERT",
        "EXISTS (SELECT 1 FROM cooldown WHERE cooldown.company_lo_id = NEW.company_lo_id"
        " AND cooldown.company_hi_id = NEW.company_hi_id"
        " AND cooldown.until > NEW.created_at)",
        "this pair is cooling down",
    ),
)


def upgrade() -> None:
    op.bulk_insert(
        sa.table("role", sa.column("id", sa.Integer), sa.column("name", sa.String)),
        [
            {"id": 1, "name": "member"},
            {"id": 2, "name": "organizer"},
            {"id": 3, "name": "admin"},
        ],
    )
    guard = _guard_sqlite if op.get_bind().dialect.name == "sqlite" else _guard_postgresql
    for name, event, condition, message in INTRODUCTION_GUARDS:
        guard(name, event, "introduction", condition, message)
    for table in APPEND_ONLY:
        for event in ("UPDATE", "DELETE"):
            guard(f"{table}_no_{event.lower()}", event, table, "1 = 1", "only appended")


def downgrade() -> None:
    names = [(name, "introduction") for name, *_ in INTRODUCTION_GUARDS]
    names += [
        (f"{table}_no_{event}", table)
        for table in APPEND_ONLY
        for event in ("update", "delete")
    ]
    postgresql = op.get_bind().dialect.name == "postgresql"
    for name, table in names:
        if postgresql:
            op.execute(f"DROP TRIGGER {name} ON {table}")
            op.execute(f"DROP FUNCTION {name}()")
        else:
            op.execute(f"DROP TRIGGER {name}")
    op.execute("DELETE FROM role")


def _guard_sqlite(name: str, event: str, table: str, condition: str, message: str) -> None:
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW"
        f" WHEN {condition} BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )


def _guard_postgresql(
    name: str, event: str, table: str, condition: str, message: str
) -> None:
    row = "OLD" if event == "DELETE" else "NEW"
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF {condition} THEN RAISE integrity_constraint_violation"
        f" USING MESSAGE = '{message}'; END IF; RETURN {row}; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {event} ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION {name}()"
    )
