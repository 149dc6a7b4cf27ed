"""Postal codes name their places once they are imported."""

from pathlib import Path

import pytest

from app.services import places, postal_codes
from app.services.places import Ambiguous, Place


def line(code: str, name: str, state: str, lat: str, lon: str, country="DE") -> str:
    fields = [country, code, name, "", state, "", "", "", "", lat, lon, "4"]
    return "\t".join(fields) + "\n"


GOOD = (
    line("89073", "Ulm", "BW", "48.3984", "9.9916")
    + line("89601", "Schelklingen", "BW", "48.3759", "9.7329")
    + line("18565", "Insel Hiddensee", "MV", "54.54", "13.1")
    + line("18565", "Vitte", "MV", "54.5667", "13.1")
    + line("89073", "Ulm", "BW", "48.3984", "9.9916")
    + line("1010", "Wien", "9", "48.2", "16.37", country="AT")
)


@pytest.fixture
def folder(tmp_path: Path):
    (tmp_path / "DE.txt").write_text(GOOD, encoding="utf-8")
    places.look_in(tmp_path)
    yield tmp_path
    places._Imported.file = None


def test_a_code_names_its_place_with_its_own_point(folder):
    number = postal_codes.install(folder / "DE.txt", folder)

    found = places.resolve("89073")

    assert number == 4
    assert isinstance(found, Place)
    assert (found.label, found.lat) == ("Ulm (Baden-Württemberg)", 48.3984)
    assert places.resolve("D-89073 Ulm") == found


def test_places_of_one_code_are_told_apart(folder):
    postal_codes.install(folder / "DE.txt", folder)

    both = places.resolve("18565")
    one = places.resolve("18565 Vitte")

    assert isinstance(both, Ambiguous)
    assert isinstance(one, Place)
    assert one.name == "Vitte"
    # What is chosen from the list is understood, though no file of names has it.
    assert places.resolve("Vitte (Mecklenburg-Vorpommern)") == one


def test_the_beginning_of_a_code_finds_places(folder):
    postal_codes.install(folder / "DE.txt", folder)

    assert [one.name for one in places.search("89")] == ["Ulm", "Schelklingen"]


def test_without_an_import_the_name_beside_the_code_counts(folder):
    found = places.resolve("89073 Ulm")

    assert isinstance(found, Place)
    assert found.label == "Ulm (Baden-Württemberg)"
    assert places.resolve("89073") is None
    assert places.search("89073 Ul")[0].name == "Ulm"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (GOOD + line("8907", "Ulm", "BW", "48.4", "9.99"), "line 7"),
        (GOOD + line("89073", "Ulm", "BW", "north", "9.99"), "line 7"),
        (GOOD + line("89073", "Ulm", "XX", "48.4", "9.99"), "line 7"),
        (GOOD + line("89073", "Ulm", "BW", "4.8", "9.99"), "line 7"),
        ("DE\t89073\n", "line 1"),
        ("", "no German postal codes"),
        ("name;code\nUlm;89073\n", "no German postal codes"),
    ],
)
def test_a_bad_file_changes_nothing(folder, text, why):
    postal_codes.install(folder / "DE.txt", folder)
    before = (folder / places.CODES).read_bytes()
    (folder / "bad.txt").write_text(text, encoding="utf-8")

    with pytest.raises(postal_codes.BadFile, match=why):
        postal_codes.install(folder / "bad.txt", folder)

    assert (folder / places.CODES).read_bytes() == before
