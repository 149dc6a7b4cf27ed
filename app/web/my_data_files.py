"""The archive that a person takes along: JSON for programs, CSV for spreadsheets, and
a page to read that needs nothing but itself."""

import io
import json
import zipfile
from datetime import date, datetime
from typing import Any

from flask import render_template
from flask_babel import gettext as _

from app.i18n import language
from app.services.export import Section
from app.web.my_data_words import CODED, LISTED, field_name, section_name, value_name
from app.web.page import day, moment
from app.web.sheets import csv_text


def archive(
    sections: list[Section], *, at: datetime, kept: list[dict[str, Any]]
) -> bytes:
    """A ZIP file: `index.html`, `handschlag.json`, and a table per section."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("index.html", _page(sections, at, kept))
        made.writestr("handschlag.json", _json(sections, at))
        for one in sections:
            if one.rows:
                made.writestr(f"csv/{one.key}.csv", _csv(one))
    return file.getvalue()


def _json(sections: list[Section], at: datetime) -> str:
    content: dict[str, Any] = {"made_at": at.isoformat(), "language": language()}
    content |= {one.key: one.rows for one in sections}
    return json.dumps(content, ensure_ascii=False, indent=2, default=_as_text)


def _as_text(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not for an export")


def _csv(section: Section) -> str:
    rows = ([_cell(name, row[name]) for name in section.fields] for row in section.rows)
    return csv_text([field_name(name) for name in section.fields], rows)


def _cell(field: str, value: Any) -> Any:
    """Times as spreadsheets know them; lists in one cell; words for codes."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S UTC")
    if isinstance(value, date):
        return value.isoformat()
    coded = value is not None and field in CODED | LISTED
    if coded or isinstance(value, bool | list):
        return readable(field, value) if value != [] else None
    return value


def _page(sections: list[Section], at: datetime, kept: list[dict[str, Any]]) -> str:
    return render_template(
        "my_data/export.html",
        sections=sections,
        at=at,
        kept=kept,
        section_name=section_name,
        field_name=field_name,
        readable=readable,
    )


def readable(field: str, value: Any) -> str:
    """A value as a person reads it, in the page's language."""
    if value is None or value in ("", []):
        return "–"
    if isinstance(value, bool):
        return _("ja") if value else _("nein")
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return day(value)
    if isinstance(value, list):
        return "; ".join(readable(field, one) for one in value)
    return value_name(field, str(value))
