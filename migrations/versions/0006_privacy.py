"""Erasure and retention: what may be blanked and deleted, and by which limit

The tables that are only appended stay so, with two gates. The detail of an audit event
may become empty, nothing else of it may change. Rows may be deleted once they are older
than the limit that the retention job set for their table, and a limit never moves back.
The note of a meeting may become empty.

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-26
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

APPEND_ONLY = ("audit_event", "consent_event", "decision_event")
AUDIT_KEPT = ("id", "actor_id", "action", "subject_kind", "subject_id", "at")
MEETING_KEPT = (
    *("introduction_id", "entry_id", "proposed_by", "proposed_at", "kind", "minutes"),
    "slot_1",
)

KINDS = (
    *("confirm", "reset", "security", "approved", "seat", "contact"),
    *("meeting_proposed", "meeting_fixed", "meeting_moved", "meeting_cancelled"),
    *("digest", "reminder", "feedback"),
)

NEVER = "1 = 1"
ONLY_EMPTIED = (
    "CAST(NEW.detail AS TEXT) <> '{}' OR "
    + " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in AUDIT_KEPT)
)


def _meeting_kept(note: str) -> str:
    same = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in MEETING_KEPT)
    slots = "".join(
        f" OR (NEW.{name} IS NULL) <> (OLD.{name} IS NULL) OR NEW.{name} <> OLD.{name}"
        for name in ("slot_2", "slot_3")
    )
    return f"{same} OR {note}{slots}"


def _too_young(table: str) -> str:
    return (
        "NOT EXISTS (SELECT 1 FROM retention_limit"
        f" WHERE table_name = '{table}' AND OLD.at < before)"
    )


# name, event, table, condition, message
NEW_GUARDS = (
    ("audit_event_no_update", "UPDATE", "audit_event", ONLY_EMPTIED, "only appended"),
    *(
        (f"{table}_no_delete", "DELETE", table, _too_young(table), "only appended")
        for table in APPEND_ONLY
    ),
    (
        "meeting_kept",
        "UPDATE",
        "meeting",
        _meeting_kept("(NEW.note <> OLD.note AND NEW.note <> '')"),
        "a proposal never changes",
    ),
)
OLD_GUARDS = (
    ("audit_event_no_update", "UPDATE", "audit_event", NEVER, "only appended"),
    *(
        (f"{table}_no_delete", "DELETE", table, NEVER, "only appended")
        for table in APPEND_ONLY
    ),
    (
        "meeting_kept",
        "UPDATE",
        "meeting",
        _meeting_kept("NEW.note <> OLD.note"),
        "a proposal never changes",
    ),
)
LIMIT_GUARD = (
    "retention_limit_forward",
    "UPDATE",
    "retention_limit",
    "NEW.table_name <> OLD.table_name OR NEW.before < OLD.before",
    "a limit never moves back",
)


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    op.add_column("company", sa.Column("erased_at", instant, nullable=True))
    op.add_column("person", sa.Column("unseated_at", instant, nullable=True))
    op.create_table(
        "erasure",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.Column("scrubbed_at", instant, nullable=True),
        sa.CheckConstraint(
            "kind IN ('person', 'company')", name=op.f("ck_erasure_kind_known")
        ),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_erasure")),
    )
    op.create_index(op.f("ix_erasure_at"), "erasure", ["at"])
    op.create_index(op.f("ix_erasure_scrubbed_at"), "erasure", ["scrubbed_at"])
    op.create_table(
        "retention_limit",
        sa.Column("table_name", sa.String(40), nullable=False),
        sa.Column("before", instant, nullable=False),
        sa.CheckConstraint(
            "table_name IN ('audit_event', 'consent_event', 'decision_event')",
            name=op.f("ck_retention_limit_append_only"),
        ),
        sa.CheckConstraint(
            "length(table_name) <= 40", name=op.f("ck_retention_limit_table_name_length")
        ),
        sa.PrimaryKeyConstraint("table_name", name=op.f("pk_retention_limit")),
    )
    _guard(*LIMIT_GUARD)
    _replace_guards(NEW_GUARDS)
    _know_mails((*KINDS, "erased"))


def downgrade() -> None:
    op.execute("DELETE FROM outbox_mail WHERE kind = 'erased'")
    _know_mails(KINDS)
    _replace_guards(OLD_GUARDS)
    op.drop_table("retention_limit")  # and its trigger with it
    if not _on_sqlite():
        op.execute("DROP FUNCTION retention_limit_forward()")
    op.drop_table("erasure")
    op.drop_column("person", "unseated_at")
    op.drop_column("company", "erased_at")


def _replace_guards(guards: tuple[tuple[str, str, str, str, str], ...]) -> None:
    for name, event, table, condition, message in guards:
        if _on_sqlite():
            op.execute(f"DROP TRIGGER {name}")
        else:
            op.execute(f"DROP TRIGGER {name} ON {table}")
            op.execute(f"DROP FUNCTION {name}()")
        _guard(name, event, table, condition, message)


def _guard(name: str, event: str, table: str, condition: str, message: str) -> None:
    if _on_sqlite():
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW"
            f" WHEN {condition} BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )
        return
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


def _know_mails(kinds: tuple[str, ...]) -> None:
    """Let the outbox take these kinds of mail and no others."""
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    name = op.f("ck_outbox_mail_kind_known")
    with op.batch_alter_table("outbox_mail") as batch:
        batch.drop_constraint(name, type_="check")
        batch.create_check_constraint(name, f"kind IN ({listed})")


def _on_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
