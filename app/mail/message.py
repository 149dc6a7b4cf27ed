"""What a function for one kind of mail gives: a template, its values, an invitation."""

from dataclasses import dataclass, field
from typing import Any

from flask import url_for

from app.mail.envelopes import Invitation


class Withheld(Exception):
    """The mail must not go out any more; the text says why, for organizers."""


@dataclass(frozen=True, slots=True)
class Message:
    """A template and what fills it; `invitation` goes into the reader's calendar."""

    template: str
    values: dict[str, Any] = field(default_factory=dict)
    invitation: Invitation | None = None


def link_to(endpoint: str, **values: Any) -> str:
    """A page's address, as mails need it."""
    return url_for(endpoint, _external=True, **values)
