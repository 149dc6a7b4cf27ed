"""The demo's mailbox: what would have been sent, readable on a page. Demo mode only."""

from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from flask import Blueprint, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue

from app.errors import NotFound
from app.mail import senders
from app.web.access import demo

bp = Blueprint("demo", __name__, url_prefix="/demo")

SHOWN = 200
PARSER = BytesParser(policy=policy.default)


@dataclass(frozen=True, slots=True)
class Shown:
    """A mail of the folder."""

    name: str
    to: str
    subject: str
    at: datetime


@bp.get("/mail")
@demo
def mail() -> ResponseReturnValue:
    words = request.args.get("q", "").strip()[:120].lower()
    files = sorted(_folder().glob("*.eml"), key=_age, reverse=True)
    found = [
        one
        for one in map(_summary, files[: SHOWN if not words else None])
        if words in one.to.lower() or words in one.subject.lower()
    ]
    return render_template(
        "demo/mail.html", mails=found[:SHOWN], total=len(files), words=words
    )


@bp.get("/mail/<name>")
@demo
def message(name: str) -> ResponseReturnValue:
    found = _read(name)
    return render_template(
        "demo/message.html",
        name=name,
        mail=_shown(name, found),
        headers=list(found.items()),
        text=_body(found, "plain"),
    )


@bp.get("/mail/<name>/html")
@demo
def as_html(name: str) -> ResponseReturnValue:
    """The mail as a mail program shows it, locked into a page without rights."""
    return Response(_body(_read(name), "html"), mimetype="text/html")


# Mails carry their styles with them; nothing else may load or run.
as_html.talisman_view_options = {  # type: ignore[attr-defined]
    "content_security_policy": "default-src 'none'; style-src 'unsafe-inline';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'self';"
    " sandbox allow-top-navigation-by-user-activation allow-popups"
}


def _folder() -> Path:
    return senders.folder_of(current_app.config["SETTINGS"])


def _read(name: str) -> EmailMessage:
    known = {file.stem: file for file in _folder().glob("*.eml")}
    if name not in known:
        raise NotFound
    with known[name].open("rb") as file:
        return PARSER.parse(file)


def _summary(file: Path) -> Shown:
    with file.open("rb") as opened:
        return _shown(file.stem, PARSER.parse(opened, headersonly=True))


def _shown(name: str, mail: EmailMessage) -> Shown:
    return Shown(name, str(mail["To"]), str(mail["Subject"]), mail["Date"].datetime)


def _body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return str(part.get_content()) if part is not None else ""


def _age(file: Path) -> float:
    return file.stat().st_mtime
