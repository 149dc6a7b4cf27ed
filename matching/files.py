"""JSON Lines in and out: every bad row is named, output appears whole or not at all.

A row is checked against the record it becomes: names, types, ranges. Nothing is
guessed or dropped: a file with one bad row is refused, and all bad rows are named.
"""

import json
import math
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import IO, Any, Generic, TypeVar

from matching.errors import BadInput, BadRow
from matching.market import week_begins
from matching.types import Company, Listing, Meeting

LONGEST_TEXT = 10_000
LONGEST_ID = 200
MOST_NAMES = 10_000  # in a list of ids

RecordT = TypeVar("RecordT")
Check = Callable[[Any], Any]
Row = dict[str, Any]


class Unfit(ValueError):
    """A value that a field cannot have; the message says why."""


@dataclass
class Read(Generic[RecordT]):
    """The records of a file, the line of each, and the rows that are no record."""

    file: str
    records: list[RecordT] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)


@dataclass(frozen=True)
class Text:
    """A text to recognise topics in."""

    id: str
    text: str


@dataclass(frozen=True)
class Judgement:
    """How well an offering answers a need, by a person: 0 to 3."""

    need: str
    offering: str
    grade: int


def read(path: Path, record: type[RecordT]) -> Read[RecordT]:
    """Read a file of records.

    Parameters
    ----------
    path : Path
        UTF-8; empty lines are skipped.
    record : Listing, Company, Meeting, Text or Judgement

    Returns
    -------
    Read
        Every row is either among the records or among the bad rows.

    Raises
    ------
    BadInput
        The file cannot be read at all.
    """
    checks, required = _FIELDS[record]
    found: Read[RecordT] = Read(str(path))
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput([BadRow(str(path), 0, "file", str(error.strerror))]) from error
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        values, problems = _parse(line, checks, required)
        if problems:
            found.bad += [BadRow(found.file, number, *one) for one in problems]
        else:
            found.records.append(record(**values))
            found.lines.append(number)
    return found


def _parse(
    line: bytes, checks: Mapping[str, Check], required: frozenset[str]
) -> tuple[Row, list[tuple[str, str]]]:
    """Return the checked values of a row, or what is wrong with its fields."""
    try:
        row = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        return {}, [("row", f"is not JSON: {str(error)[:100]}")]
    if not isinstance(row, dict):
        return {}, [("row", "is not an object")]
    values: Row = {}
    problems = [(name, "is missing") for name in sorted(required - row.keys())]
    for name, value in row.items():
        check = checks.get(name)
        if check is None:
            problems.append((name[:50], "is no field of this record"))
        elif value is None:
            if name in required:
                problems.append((name, "is missing"))
        else:
            try:
                values[name] = check(value)
            except Unfit as error:
                problems.append((name, str(error)))
    if not problems and ("lat" in values) != ("lon" in values):
        problems.append(("lat", "latitude and longitude belong together"))
    return values, problems


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def text(longest: int, *, empty: bool = False) -> Check:
    """Return a check for a text: Unicode without NUL, not longer than `longest`."""

    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise Unfit(f"must be a text, not {_kind(value)}")
        if not empty and not value.strip():
            raise Unfit("is empty")
        if len(value) > longest:
            raise Unfit(f"has {len(value)} characters, at most {longest} are allowed")
        if "\0" in value:
            raise Unfit("contains a NUL character")
        if not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value):
            raise Unfit("contains half of a character (a lone surrogate)")
        return value

    return check


def number(least: float, most: float) -> Check:
    """Return a check for a finite number in a range."""

    def check(value: Any) -> float:
        if type(value) not in (int, float) or not math.isfinite(value):
            raise Unfit(f"must be a number, not {_kind(value)}")
        if not least <= value <= most:
            raise Unfit(f"must lie in {least:g}..{most:g}, not {value:g}")
        return float(value)

    return check


def whole(least: int, most: int) -> Check:
    """Return a check for a whole number in a range."""

    def check(value: Any) -> int:
        if type(value) is not int:
            raise Unfit(f"must be a whole number, not {_kind(value)}")
        if not least <= value <= most:
            raise Unfit(f"must lie in {least}..{most}, not {value}")
        return value

    return check


def one_of(*words: str) -> Check:
    """Return a check for one of some words."""

    def check(value: Any) -> str:
        if value not in words if isinstance(value, str) else True:
            raise Unfit(f"must be one of {', '.join(words)}")
        return str(value)

    return check


def names(value: Any) -> tuple[str, ...]:
    """Check a list of ids; doubles are dropped."""
    if not isinstance(value, list):
        raise Unfit(f"must be a list, not {_kind(value)}")
    if len(value) > MOST_NAMES:
        raise Unfit(f"has {len(value)} entries, at most {MOST_NAMES} are allowed")
    return tuple(dict.fromkeys(map(_ID, value)))


def truth(value: Any) -> bool:
    """Check true or false."""
    if not isinstance(value, bool):
        raise Unfit(f"must be true or false, not {_kind(value)}")
    return value


def day(value: Any) -> date:
    """Check a date such as 2026-11-24; a time of day after it is ignored."""
    if not isinstance(value, str):
        raise Unfit(f"must be a date such as 2026-11-24, not {_kind(value)}")
    try:
        return date.fromisoformat(value[:10])
    except ValueError as error:
        raise Unfit("must be a date such as 2026-11-24") from error


def week(value: Any) -> str:
    """Check an ISO week such as 2026-W48."""
    if not isinstance(value, str):
        raise Unfit(f"must be a week such as 2026-W48, not {_kind(value)}")
    try:
        week_begins(value)
    except ValueError as error:
        raise Unfit("must be a week such as 2026-W48") from error
    return value


def sector(value: Any) -> str:
    """Check a WZ 2008 code, 2 to 5 digits, dots allowed."""
    digits = text(10)(value).replace(".", "")
    if not (digits.isascii() and digits.isdigit() and 2 <= len(digits) <= 5):
        raise Unfit("must be a WZ 2008 code of 2 to 5 digits")
    return str(digits)


def _kind(value: Any) -> str:
    known = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return known.get(type(value), repr(value)[:30])


_ID = text(LONGEST_ID)
_FIELDS: dict[type, tuple[dict[str, Check], frozenset[str]]] = {
    Listing: (
        {
            "id": _ID,
            "kind": one_of("need", "offering"),
            "text": text(LONGEST_TEXT),
            "title": text(LONGEST_ID, empty=True),
            "company": _ID,
            "topics": names,
            "help": names,
            "reach": one_of("onsite", "state", "national", "remote"),
            "radius_km": number(0, 2000),
            "paid": one_of("none", "maybe", "yes"),
            "since": day,
        },
        frozenset({"id", "kind", "text"}),
    ),
    Company: (
        {
            "id": _ID,
            "lat": number(-90, 90),
            "lon": number(-180, 180),
            "state": _ID,
            "sector": sector,
            "size": _ID,
            "stage": whole(0, 5),
            "languages": names,
            "capacity": whole(0, 100),
            "avoid": names,
            "no_paid": truth,
            "no_competitors": truth,
            "paused": truth,
        },
        frozenset({"id"}),
    ),
    Meeting: (
        {
            "a": _ID,
            "b": _ID,
            "week": week,
            "outcome": one_of("connected", "declined", "withdrawn", "expired"),
        },
        frozenset({"a", "b", "week", "outcome"}),
    ),
    Text: ({"id": _ID, "text": text(LONGEST_TEXT)}, frozenset({"id", "text"})),
    Judgement: (
        {"need": _ID, "offering": _ID, "grade": whole(0, 3)},
        frozenset({"need", "offering", "grade"}),
    ),
}


@contextmanager
def whole_binary(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing that appears under its name only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as unfinished:
            yield unfinished
            unfinished.flush()
            os.fsync(unfinished.fileno())
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write one JSON object per line; the file appears whole or not at all."""
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    with whole_binary(path) as file:
        for row in rows:
            file.write(encode(row).encode() + b"\n")


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write one JSON object, indented for people."""
    with whole_binary(path) as file:
        whole = json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True)
        file.write(whole.encode() + b"\n")
