"""Writes the table of what is kept how long into docs/privacy.md.

    python -m tools.keeping           write it
    python -m tools.keeping --check   only say whether it is current; exit 1 if not

The table comes from the declarations beside the columns (`app/models/keeping.py`) and
the English texts of the interface, as the page "My data" does.
"""

import argparse
import sys
from collections import defaultdict
from pathlib import Path

from babel.support import Translations

from app.models import KEEPINGS, Base

ROOT = Path(__file__).parent.parent
FILE = ROOT / "docs" / "privacy.md"
BEGIN, END = "<!-- kept: begin -->", "<!-- kept: end -->"


def table() -> str:
    """The lines of the table, in Markdown."""
    english = Translations.load(str(ROOT / "app" / "translations"), ["en"]).gettext
    columns: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for one in Base.metadata.sorted_tables:
        for column in one.columns:
            columns[column.info["kept"].key][one.name].append(column.name)
    lines = ["| data | kept | columns |", "|---|---|---|"]
    for keeping in KEEPINGS:
        where = "; ".join(
            f"`{name}`: {', '.join(names)}"
            for name, names in sorted(columns[keeping.key].items())
        )
        what = f"**{english(keeping.name)}**: {english(keeping.what)}"
        until = english(keeping.until)
        shown = until % keeping.numbers if keeping.numbers else until
        lines.append(f"| {what} | {shown} | {where} |")
    return "\n".join(lines)


def renewed(text: str) -> str:
    """The document with today's table between its two marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()

    text = FILE.read_text()
    new = renewed(text)
    if arguments.check:
        if new != text:
            print("docs/privacy.md is old: python -m tools.keeping", file=sys.stderr)
        return int(new != text)
    FILE.write_text(new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
