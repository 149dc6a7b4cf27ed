"""Topics of the taxonomy: permanent ids, never deleted, only deprecated."""

import enum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, words
from .keeping import SERVICE, declare


class TopicStatus(enum.StrEnum):
    ACTIVE = "active"
    DEPRECATED = "deprecated"


class Topic(Base):
    """A concept of `matching/knowledge/taxonomy.yaml`, as listings refer to it."""

    __tablename__ = "topic"
    __table_args__ = (
        sa.CheckConstraint(
            "(replaced_by IS NULL) OR (status = 'deprecated')", name="replaced"
        ),
        sa.CheckConstraint(
            "replaced_by IS NULL OR replaced_by <> id", name="not_itself"
        ),
    )

    id: Mapped[str] = words(60, primary_key=True)
    de: Mapped[str] = words(120)
    en: Mapped[str] = words(120)
    parent_id: Mapped[str | None] = words(60)
    position: Mapped[int]
    status: Mapped[TopicStatus] = mapped_column(default=TopicStatus.ACTIVE)
    replaced_by: Mapped[str | None] = mapped_column(sa.ForeignKey("topic.id"))

    def name(self, language: str) -> str:
        return self.en if language == "en" else self.de


declare(
    Topic,
    SERVICE,
    id="id parent_id replaced_by",
    fact="de en position status",
)
