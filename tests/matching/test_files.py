"""Bad rows of files: each is named with its line, field and why; nothing is written."""

import json

import pytest

from matching.__main__ import main

NEED = {"id": "n", "kind": "need", "text": "Wir tippen Rechnungen ab"}
OFFERING = {"id": "o", "kind": "offering", "text": "OCR für Rechnungen"}
BAD_LISTINGS = {
    "kind": {"kind": "want"},
    "text": {"text": 7},
    "reach": {"reach": "moon"},
    "radius_km": {"radius_km": -3},
    "since": {"since": "gestern"},
    "colour": {"colour": "red"},
    "topics": {"topics": ["tec.nonsense"]},
    "help": {"help": ["nothing"]},
    "paid": {"paid": "perhaps"},
    "id": {"id": ""},
}
BAD_COMPANIES = {
    "lat": {"lat": 91, "lon": 9},
    "capacity": {"capacity": -1},
    "paused": {"paused": "yes"},
    "avoid": {"avoid": ["zz"]},
    "size": {"size": "huge"},
}
BROKEN = {
    "no JSON": b'{"id":"n","kind":"need"',
    "no object": b"[1, 2]",
    "no number": b'{"id":"n","kind":"need","text":"x","radius_km":NaN}',
    "no text": b'{"id":"n","kind":"need","text":"\xff"}',
    "a NUL": b'{"id":"n","kind":"need","text":"a\\u0000b"}',
    "half a character": b'{"id":"n","kind":"need","text":"\\ud800"}',
    "too long": json.dumps(NEED | {"text": "x" * 10_001}).encode(),
}


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "listings.jsonl", NEED, OFFERING)
    return tmp_path


def write(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def rank(folder):
    out = folder / "ranks.jsonl"
    arguments = ["--listings", str(folder / "listings.jsonl"), "--out", str(out)]
    return main(["rank", "--quiet", *arguments]), out


@pytest.mark.parametrize("field", BAD_LISTINGS)
def test_a_bad_field_of_a_listing_is_named(folder, capsys, field):
    write(folder / "listings.jsonl", OFFERING, NEED | BAD_LISTINGS[field])

    code, out = rank(folder)

    said = capsys.readouterr().err
    assert code == 2
    assert f"listings.jsonl:2: {field}: " in said
    assert not out.exists()


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_row_is_named_and_the_others_are_read(folder, capsys, what):
    path = folder / "listings.jsonl"
    path.write_bytes(BROKEN[what] + b"\n" + json.dumps({"id": "x"}).encode() + b"\n")

    code, out = rank(folder)

    said = capsys.readouterr().err.splitlines()
    assert code == 2
    assert any("listings.jsonl:1: " in line for line in said)
    assert any("listings.jsonl:2: " in line for line in said)
    assert list(folder.iterdir()) == [path]
    assert not out.exists()


@pytest.mark.parametrize("field", BAD_COMPANIES)
def test_a_bad_field_of_a_company_is_named(folder, capsys, field):
    companies, plan = folder / "companies.jsonl", folder / "plan.jsonl"
    write(companies, {"id": "c"}, {"id": "d"} | BAD_COMPANIES[field])
    files = ["--listings", str(folder / "listings.jsonl")]
    files += ["--companies", str(companies), "--out", str(plan)]

    code = main(["plan", "--quiet", *files, "--manifest", str(folder / "m.json")])

    assert code == 2
    assert f"companies.jsonl:2: {field}: " in capsys.readouterr().err
    assert not plan.exists()
    assert not (folder / "m.json").exists()


def test_an_id_that_is_there_twice_is_named(folder, capsys):
    write(folder / "listings.jsonl", NEED, NEED)

    code, _ = rank(folder)

    assert code == 2
    assert "'n' is there twice" in capsys.readouterr().err


def test_an_older_result_stays_when_a_row_is_bad(folder):
    (folder / "ranks.jsonl").write_text("as it was\n")
    write(folder / "listings.jsonl", NEED | {"kind": "want"})

    code, out = rank(folder)

    assert code == 2
    assert out.read_text() == "as it was\n"


def test_an_empty_file_gives_an_empty_ranking(folder):
    (folder / "listings.jsonl").write_text("")

    code, out = rank(folder)

    assert code == 0
    assert out.read_text() == ""


def test_a_ranking_names_score_parts_and_reasons(folder, capsys):
    code, out = rank(folder)

    (row,) = map(json.loads, out.read_text().splitlines())
    (best,) = row["offerings"]
    assert code == 0
    assert row["need"] == "n"
    assert best["offering"] == "o"
    assert 0 < best["score"] <= 1
    assert {"topic", "text", "region", "help"} <= set(best["parts"])
    assert best["reasons"]
    assert capsys.readouterr().err == ""
