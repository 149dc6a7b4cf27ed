"""Our German and English in place of the accounts library's own words."""

import string
from io import BytesIO
from pathlib import Path

import flask_security
import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

OURS = Path(__file__).parent.parent.parent / "app" / "translations"
LIBRARY = Path(flask_security.__file__).parent / "translations" / "flask_security.pot"


def catalog(language: str) -> Catalog:
    path = OURS / language / "LC_MESSAGES" / "flask_security.po"
    return read_po(BytesIO(path.read_bytes()), locale=language)


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_compiled_catalogue_is_that_of_the_source(language):
    path = OURS / language / "LC_MESSAGES" / "flask_security.mo"
    compiled = read_mo(BytesIO(path.read_bytes()))

    texts = {one.id: one.string for one in catalog(language) if one.id}
    assert {one.id: one.string for one in compiled if one.id} == texts


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_text_is_one_of_the_library_with_the_same_places(language):
    known = {one.id for one in read_po(BytesIO(LIBRARY.read_bytes())) if one.id}

    for one in catalog(language):
        if not one.id:
            continue
        assert one.id in known
        for name in string.ascii_letters:
            assert one.id.count(f"%({name}") >= one.string.count(f"%({name}")


def test_german_speaks_of_one_thing_by_one_word():
    texts = [one.string for one in catalog("de") if one.id]

    assert not [one for one in texts if "Passwor" in one or "Passwör" in one]
