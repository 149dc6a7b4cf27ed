"""Collect the texts of the interface, merge and compile the English ones.

    python -m tools.translate           collect, merge, compile
    python -m tools.translate --check   only say what is missing; exit 1 if anything is

German is the source: the text in the code is the German one.
"""

import argparse
import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "app" / "translations" / "en" / "LC_MESSAGES"
METHODS = [("**.py", "python"), ("**/templates/**", "jinja2")]
OPTIONS = {"**/templates/**": {"trimmed": "true", "silent": "false"}}
KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "lazy_gettext": None,
    "_l": None,
    "N_": None,
}


def collect() -> Catalog:
    """All texts marked in the code, with the files they stand in."""
    found = Catalog(project="Handschlag", charset="utf-8")
    for file, line, message, comments, context in extract_from_dir(
        ROOT / "app", METHODS, OPTIONS, keywords=KEYWORDS, comment_tags=("i18n:",)
    ):
        del line  # line numbers would change with every edit
        found.add(
            message, None, [(f"app/{file}", 1)], auto_comments=comments, context=context
        )
    return found


def merged() -> Catalog:
    """The English catalogue with what the code says today; unused texts are dropped."""
    path = FOLDER / "messages.po"
    english = (
        read_po(BytesIO(path.read_bytes()), locale="en")
        if path.exists()
        else Catalog(locale="en", project="Handschlag")
    )
    english.update(collect(), no_fuzzy_matching=True)
    english.obsolete.clear()
    return english


def missing(catalog: Catalog) -> list[str]:
    """Texts without a translation, or with other placeholders than the source."""
    problems = []
    for message in catalog:
        if not message.id:
            continue
        texts = (
            message.string if isinstance(message.string, tuple) else (message.string,)
        )
        if not all(texts) or message.fuzzy:
            problems.append(str(message.id))
            continue
        problems += [f"{message.id}: {error}" for error in message.check(catalog)]
    return problems


def written(catalog: Catalog) -> bytes:
    buffer = BytesIO()
    write_po(
        buffer,
        catalog,
        sort_output=True,
        include_lineno=False,
        omit_header=False,
        width=100,
    )
    return buffer.getvalue()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()

    catalog = merged()
    problems = missing(catalog)
    for problem in problems:
        print(f"untranslated: {problem}", file=sys.stderr)
    if not arguments.check:
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / "messages.po").write_bytes(written(catalog))
        with (FOLDER / "messages.mo").open("wb") as compiled:
            write_mo(compiled, catalog)
        print(f"{len(catalog)} texts, {len(problems)} of them untranslated")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
