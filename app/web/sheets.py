"""Tables as CSV files that spreadsheets open as text and numbers, never as formulas."""

import csv
import io
from collections.abc import Iterable

from flask import Response

from app.i18n import language

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_answer(
    name: str, heading: list[str], rows: Iterable[Iterable[object]]
) -> Response:
    """A CSV file to download."""
    return Response(
        csv_text(heading, rows),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def csv_text(heading: list[str], rows: Iterable[Iterable[object]]) -> str:
    """The content of such a file; its first mark tells spreadsheets the encoding."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(heading)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return "\ufeff" + text.getvalue()


def _safe(cell: object) -> object:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.4f}".replace(".", ",") if language() == "de" else f"{cell:.4f}"
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS):
        return f"'{cell}"
    return cell
