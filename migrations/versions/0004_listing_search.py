"""Indexes for finding listings: the newest, and the strongest of a topic

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-24
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_listing_newest", "listing", ["status", "created_at"])
    op.create_index(
        "ix_listing_topic_strongest", "listing_topic", ["topic_id", "weight"]
    )


def downgrade() -> None:
    op.drop_index("ix_listing_topic_strongest", "listing_topic")
    op.drop_index("ix_listing_newest", "listing")
