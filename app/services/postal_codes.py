"""Postal codes: a file of GeoNames -> a small table in DATA_DIR that places look in."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from app.services.places import CODES, STATE_NAMES
from matching.files import whole_binary

COLUMNS = ("code", "name", "state", "lat", "lon")
FIELDS = 11  # of a line of GeoNames' postal code files, up to the longitude
NORTH, EAST = (47, 56), (5, 16)  # Germany, in degrees


class BadFile(ValueError):
    """What cannot be read, for whoever runs the command."""


def install(source: Path, data_dir: Path) -> int:
    """Read `DE.txt` of GeoNames' postal codes; return how many were taken in.

    The table appears whole or not at all. Raises BadFile with the line that cannot
    be read.
    """
    rows = list(_rows(source))
    if not rows:
        raise BadFile("no German postal codes in it")
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows([COLUMNS, *rows])
    with whole_binary(data_dir / CODES) as file:
        file.write(table.getvalue().encode())
    return len(rows)


def _rows(source: Path) -> Iterator[tuple[str, str, str, str, str]]:
    seen = set()
    with source.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            fields = line.rstrip("\n").split("\t")
            if fields[0] != "DE":
                continue
            row = _row(fields)
            if row is None:
                raise BadFile(f"line {number} is not one of GeoNames")
            if row[:3] not in seen:  # large customers have codes of the same place
                seen.add(row[:3])
                yield row


def _row(fields: list[str]) -> tuple[str, str, str, str, str] | None:
    """Return code, name, state, latitude and longitude; None if one is unsound."""
    if len(fields) < FIELDS:
        return None
    code, name, state = fields[1], fields[2].strip(), f"DE-{fields[4]}"
    lat, lon = fields[9], fields[10]
    try:
        inside = NORTH[0] < float(lat) < NORTH[1] and EAST[0] < float(lon) < EAST[1]
    except ValueError:
        return None
    sound = len(code) == 5 and code.isdecimal() and name and state in STATE_NAMES
    return (code, name, state, lat, lon) if sound and inside else None
