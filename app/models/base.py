"""What all tables share: types that refuse bad values, names of constraints."""

import enum
import re
from datetime import UTC, date, datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# NUL ends a string in C, lone surrogates are no Unicode: neither is text.
NOT_TEXT = re.compile("[\x00\ud800-\udfff]")


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An instant. SQLite keeps fixed-width UTC text, PostgreSQL timestamptz."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, dialect: sa.Dialect
    ) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(
        self, value: datetime | None, dialect: sa.Dialect
    ) -> datetime | None:
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


class Words(sa.types.TypeDecorator[str]):
    """Text of at most `length` characters without NUL and broken Unicode."""

    impl = sa.String
    cache_ok = True

    def __init__(self, longest: int) -> None:
        super().__init__(longest)
        self.longest = longest

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        if value is not None and NOT_TEXT.search(value):
            raise ValueError("text contains NUL or broken Unicode")
        return value


class Base(DeclarativeBase):
    """Root of all models. Every column says by `info` what it is and how long it
    is kept: see `keeping.declare`."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        UUID: sa.Uuid(),
        datetime: UtcDateTime(),
        date: sa.Date(),
        str: Words(255),
        dict[str, Any]: sa.JSON(),
        list[Any]: sa.JSON(),
        list[str]: sa.JSON(),
        enum.Enum: sa.Enum(
            enum.Enum,
            native_enum=False,
            length=24,
            values_callable=lambda kind: [member.value for member in kind],
        ),
    }


class Identified:
    """A row with an identity that nobody can guess."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)


def words(length: int, **options: Any) -> Any:
    """A text column of at most `length` characters."""
    return mapped_column(Words(length), **options)


def one_of(column: str, kind: type[enum.Enum]) -> sa.CheckConstraint:
    """The column holds a member of `kind`: kept by the database."""
    values = ", ".join(f"'{member.value}'" for member in kind)
    return sa.CheckConstraint(f"{column} IN ({values})", name=f"{column}_known")


def add_checks(metadata: sa.MetaData) -> None:
    """Text lengths and enum members become CHECK constraints of every table."""
    for table in metadata.tables.values():
        for column in table.columns:
            if isinstance(column.type, Words):
                table.append_constraint(
                    sa.CheckConstraint(
                        f"length({column.name}) <= {column.type.longest}",
                        name=f"{column.name}_length",
                    )
                )
            elif isinstance(column.type, sa.Enum) and column.type.enum_class:
                table.append_constraint(one_of(column.name, column.type.enum_class))
