"""Topics while typing: chips that can be removed and added, in any form.

A form carries what the person changed as `added` and `removed`; the chips are the
recognised topics without the one and with the other. The same fields work by htmx
and, through ordinary submit buttons, without JavaScript.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from app import db
from app.i18n import language
from app.models import LONGEST_TEXT
from app.services import topics
from app.services.listings import LONGEST_TITLE, Wording
from app.services.listings_vectors import corrected
from app.services.topics import Chip
from app.web.access import member

bp = Blueprint("topics", __name__, url_prefix="/topics")

# Prefixes of the fields: one listing in a form, or the two of the onboarding.
PARTS = ("", "need-", "offering-")
ACTIONS = ("recognise", "find", "add", "drop")
MOST_CHANGES = 40


@dataclass(frozen=True)
class Picker:
    """The chips below one text, and what the person changed about them."""

    part: str
    chips: Sequence[Chip] = ()
    added: Sequence[str] = ()
    removed: Sequence[str] = ()
    query: str = ""
    found: Sequence[Chip] = ()
    error: str = ""
    is_open: bool = False  # the search below the chips is in use


def typing(part: str = "") -> dict[str, str]:
    """Attributes of a text field whose words decide about the chips below it."""
    return {
        "hx-post": url_for("topics.recognise", part=part),
        "hx-trigger": "input changed delay:300ms",
        "hx-target": f"#{part}chips",
        "hx-select": f"#{part}chips > *",
        "hx-swap": "innerHTML",
        "hx-sync": "this:queue last",
    }


bp.record_once(lambda setup: setup.app.jinja_env.globals.update(topic_typing=typing))


@bp.post("/recognise")
@member
def recognise() -> ResponseReturnValue:
    """The picker for what is typed so far."""
    part = request.args.get("part", "")
    if part not in PARTS:
        abort(404)
    touched = any(part + action in request.form for action in ("add", "drop"))
    return render_template(
        "topics/picker.html", picker=read(request.form, part), touched=touched
    )


def asked(form: "MultiDict[str, str]", part: str = "") -> bool:
    """Whether a button of the picker was pressed, and the form not meant to be sent."""
    return any(part + action in form for action in ACTIONS)


def read(form: "MultiDict[str, str]", part: str = "", error: str = "") -> Picker:
    """The picker as the form's fields and buttons say it."""
    added, removed = changes(form, part)
    query = form.get(part + "query", "")[:100]
    adds = part + "add" in form
    if adds:
        query = ""
    found = picker(
        part,
        Wording(
            form.get(part + "title", "")[:LONGEST_TITLE],
            form.get(part + "text", "")[:LONGEST_TEXT],
            tuple(added),
            tuple(removed),
        ),
        query=query,
        error=error,
    )
    return replace(found, is_open=adds or bool(query))


def picker(part: str, wording: Wording, query: str = "", error: str = "") -> Picker:
    session = db.session()
    recognised = topics.recognise(session, wording.words, language())
    weights, _ = corrected({chip.id: chip.weight for chip in recognised}, wording)
    chips = topics.chips(session, weights, language())
    shown = {chip.id for chip in chips}
    found = topics.search(session, query, language())
    return Picker(
        part=part,
        chips=chips,
        added=wording.added,
        removed=wording.removed,
        query=query,
        found=[chip for chip in found if chip.id not in shown],
        error=error,
    )


def changes(form: "MultiDict[str, str]", part: str = "") -> tuple[list[str], list[str]]:
    """What the person added and removed, with the button just pressed."""
    added = form.getlist(part + "added")[:MOST_CHANGES]
    removed = form.getlist(part + "removed")[:MOST_CHANGES]
    new, dropped = form.get(part + "add"), form.get(part + "drop")
    if new:
        added = [*added, new]
        removed = [one for one in removed if one != new]
    if dropped:
        removed = [*removed, dropped]
        added = [one for one in added if one != dropped]
    return list(dict.fromkeys(added)), list(dict.fromkeys(removed))
