"""Mails: whether one was handed to the server, and how often no answer came

A mail whose worker died before it spoke to the server may go out again; one whose
answer was lost may have arrived. `begun_at` tells the two apart.

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-24
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "outbox_mail", sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "outbox_mail",
        sa.Column("doubts", sa.Integer(), nullable=False, server_default="0"),
    )


def downgrade() -> None:
    with op.batch_alter_table("outbox_mail") as batch:
        batch.drop_column("doubts")
        batch.drop_column("begun_at")
