"""A person with an account at one company, and what this person may do."""

import enum
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from flask import current_app
from flask_security import RoleMixin, UserMixin
from sqlalchemy.ext.mutable import MutableList
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, Identified, words
from .keeping import ACCOUNT, ERASURE, SERVICE, SIGN_IN, declare

if TYPE_CHECKING:
    from .company import Company


class RoleName(enum.StrEnum):
    MEMBER = "member"
    ORGANIZER = "organizer"
    ADMIN = "admin"


class Seat(enum.StrEnum):
    """Whether a person belongs to the company already."""

    ASKED = "asked"
    TAKEN = "taken"


person_role = sa.Table(
    "person_role",
    Base.metadata,
    sa.Column(
        "person_id", sa.ForeignKey("person.id", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("role_id", sa.ForeignKey("role.id"), primary_key=True),
)


class Role(RoleMixin, Base):
    """What a person may do; the three rows are made by the first migration."""

    __tablename__ = "role"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = words(40, unique=True)
    description: Mapped[str | None] = words(255)
    permissions: Mapped[list[str] | None] = mapped_column(
        MutableList.as_mutable(sa.JSON())
    )


class Person(Identified, UserMixin, Base):
    """An account. The columns of the second block are those the accounts library
    (Flask-Security) reads and writes by their names."""

    __tablename__ = "person"
    company_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("company.id"), index=True
    )
    seat: Mapped[Seat] = mapped_column(default=Seat.TAKEN)
    name: Mapped[str] = words(120)
    position: Mapped[str | None] = words(120)
    phone: Mapped[str | None] = words(40)
    release_email: Mapped[bool] = mapped_column(default=True)
    release_phone: Mapped[bool] = mapped_column(default=False)
    locale: Mapped[str] = words(2, default="de")
    is_demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    unseated_at: Mapped[datetime | None]  # since when without the company it had
    erased_at: Mapped[datetime | None]

    email: Mapped[str] = words(255, unique=True)
    password: Mapped[str | None] = words(255)
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = words(64, unique=True)
    confirmed_at: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]
    current_login_at: Mapped[datetime | None]
    last_login_ip: Mapped[str | None] = words(64)
    current_login_ip: Mapped[str | None] = words(64)
    login_count: Mapped[int | None]
    tf_primary_method: Mapped[str | None] = words(64)
    tf_totp_secret: Mapped[str | None] = words(255)
    tf_phone_number: Mapped[str | None] = words(128)
    us_totp_secrets: Mapped[str | None] = mapped_column(sa.Text)
    us_phone_number: Mapped[str | None] = words(128, unique=True)
    mf_recovery_codes: Mapped[list[str] | None] = mapped_column(
        MutableList.as_mutable(sa.JSON())
    )

    company: Mapped["Company | None"] = relationship(back_populates="persons")
    roles: Mapped[list[Role]] = relationship(secondary=person_role, lazy="selectin")

    def has(self, role: RoleName) -> bool:
        return any(held.name == role for held in self.roles)

    @property
    def is_organizer(self) -> bool:
        return self.has(RoleName.ORGANIZER) or self.has(RoleName.ADMIN)

    def check_tf_required_setup(self) -> bool:
        """The library asks: those who organize need a second factor."""
        return self.is_organizer and not current_app.config["ALLOW_NO_TOTP"]

    def check_tf_required(
        self, tf_setup_methods: list[tuple[str, str]], tf_fresh: bool
    ) -> tuple[bool, list[tuple[str, str]]]:
        """The library asks while signing in; who has set one up is asked for it."""
        required = bool(tf_setup_methods) or self.check_tf_required_setup()
        return required, tf_setup_methods

    @property
    def sits(self) -> bool:
        """Belongs to a company and was let in there."""
        return self.company_id is not None and self.seat is Seat.TAKEN


class SignInLink(Base):
    """A link from the command line that signs a person in, once."""

    __tablename__ = "sign_in_link"

    token_hash: Mapped[str] = words(64, primary_key=True)
    person_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("person.id", ondelete="CASCADE"), index=True
    )
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


declare(
    Person,
    ACCOUNT,
    id="company_id",
    contact="name position phone email",
    fact="seat release_email release_phone locale is_demo active",
    time="created_at confirmed_at unseated_at",
)
declare(
    Person,
    SIGN_IN,
    secret="password fs_uniquifier tf_totp_secret"  # noqa: S106 - names of columns
    " us_totp_secrets mf_recovery_codes",
    contact="last_login_ip current_login_ip tf_phone_number us_phone_number",
    fact="login_count tf_primary_method",
    time="last_login_at current_login_at",
)
declare(Person, ERASURE, id="id", time="erased_at")
declare(person_role, ACCOUNT, id="person_id role_id")
declare(Role, SERVICE, id="id", fact="name description permissions")
declare(
    SignInLink,
    SIGN_IN,
    secret="token_hash",  # noqa: S106 - the name of a column
    id="person_id",
    time="expires_at used_at",
)
