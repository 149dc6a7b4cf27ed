"""Files -> a market: all files are read and checked before anything is computed."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

from matching import knowledge as base
from matching.errors import BadInput, BadRow, SettingsError
from matching.files import Read, read
from matching.market import week_begins
from matching.references import contradictions
from matching.settings import Settings
from matching.types import Company, Listing, Meeting

RecordT = TypeVar("RecordT")


@dataclass(frozen=True, slots=True)
class Inputs:
    """The records of all files, checked; and the day they stand for."""

    listings: list[Listing]
    companies: list[Company]
    history: list[Meeting]
    as_of: date


def read_inputs(
    listings: Path,
    companies: Path | None,
    history: Path | None = None,
    *,
    as_of: date | None = None,
) -> Inputs:
    """Read the files of a market.

    Parameters
    ----------
    listings, companies, history : Path
        Without a file of companies every company that a listing names exists, and
        nothing is known of it.
    as_of : date, optional
        The latest day that the files speak of, unless told otherwise: the same files
        give the same plan on any day.

    Raises
    ------
    BadInput
        All bad rows of all files.
    """
    rows = read(listings, Listing)
    firms = _implied(rows) if companies is None else read(companies, Company)
    met = _nothing(Meeting) if history is None else read(history, Meeting)
    files: dict[str, Read[Any]] = {"listings": rows, "companies": firms, "history": met}

    def where(kind: str, at: int) -> tuple[str, int]:
        return files[kind].file, files[kind].lines[at]

    bad = [*rows.bad, *firms.bad, *met.bad]
    known = base.load()
    # Rows that could not be read would make others refer to nothing.
    if not firms.bad:
        records = rows.records, firms.records, met.records
        bad += contradictions(*records, known, where)
    if bad:
        raise BadInput(bad)
    return Inputs(
        rows.records,
        firms.records,
        met.records,
        as_of or latest(rows.records, met.records),
    )


def latest(listings: Sequence[Listing], history: Sequence[Meeting]) -> date:
    """Return the last day of listings, or the Monday after the last meeting."""
    days = [one.since for one in listings if one.since is not None]
    days += [week_begins(one.week) + timedelta(days=7) for one in history]
    return max(days, default=date(2026, 1, 1))


def read_settings(path: Path | None) -> Settings:
    """Read settings from a JSON object; defaults without a file.

    Raises
    ------
    BadInput
        The file is no JSON object, or a setting is unknown or out of range.
    """
    if path is None:
        return Settings()
    try:
        values = json.loads(path.read_bytes())
        if not isinstance(values, dict):
            raise BadInput([BadRow(str(path), 1, "row", "is not an object")])
        return Settings.of(values)
    except SettingsError as error:
        field, _, why = str(error).partition(": ")
        raise BadInput([BadRow(str(path), 1, field, why)]) from error
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(
            [BadRow(str(path), 1, "row", f"is not JSON: {error}")]
        ) from error


def digests(*paths: Path | None) -> dict[str, str]:
    """Return a hash of each file's content by its name, for the manifest."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
        if path is not None
    }


def _implied(rows: Read[Listing]) -> Read[Company]:
    named = dict.fromkeys(one.company for one in rows.records if one.company)
    found = _nothing(Company)
    found.records += [Company(one) for one in named]
    found.lines += [0] * len(named)
    return found


def _nothing(record: type[RecordT]) -> Read[RecordT]:
    return Read(f"{record.__name__.lower()} (no file)")
