"""Words for codes: headlines, distances, marked words, parts of a score."""

from typing import Any

import pytest
from flask import Flask

from app.services.introductions_views import CompanyCard, Exchange, Words
from app.web import cards


@pytest.fixture(autouse=True)
def german(app: Flask) -> Any:
    with app.test_request_context(headers={"Accept-Language": "de"}):
        yield


def company(**values: Any) -> CompanyCard:
    return CompanyCard(
        **{
            "name": None,
            "place": None,
            "sector": "24",
            "size": "medium",
            "state": "DE-BW",
            "region": "Ulm",
            "distance_km": 62,
        }
        | values
    )


def exchange(*reasons: dict[str, Any], **parts: float) -> Exchange:
    words = Words(title="", text="", help_kinds=(), reach="national", paid="none")
    return Exchange(need=words, offering=words, parts=parts, reasons=reasons)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "Metallerzeugung, Gießerei, Region Ulm"),
        ({"region": None}, "Metallerzeugung, Gießerei in Baden-Württemberg"),
        ({"region": None, "state": None}, "Metallerzeugung, Gießerei"),
        ({"sector": None}, "Firma, Region Ulm"),
        ({"name": "Albrecht GmbH"}, "Albrecht GmbH"),
    ],
)
def test_a_company_is_called_by_its_name_or_what_and_where_it_is(
    values: dict[str, Any], expected: str
):
    assert cards.headline(company(**values)) == expected


@pytest.mark.parametrize(
    ("kilometres", "expected"),
    [(None, None), (0, "ganz in Ihrer Nähe"), (3, "ganz in Ihrer Nähe"), (4, "4 km")],
)
def test_a_short_distance_is_not_measured(kilometres: int | None, expected: str | None):
    told = cards.distance(company(distance_km=kilometres))

    assert (told or "").startswith(expected or "")
    assert (told is None) == (expected is None)


class TestHighlighting:
    def marked(self, text: str, *words: str) -> str:
        reason = {"code": "words", "values": {"words": list(words)}}
        return str(cards.highlight(text, exchange(reason)))

    def test_marks_shared_words_and_compounds(self):
        marked = self.marked(
            "Wir prüfen Gussteile auf Risse.", "guss", "risse", "teile"
        )

        assert marked == ("Wir prüfen <mark>Gussteile</mark> auf <mark>Risse</mark>.")

    def test_finds_no_short_word_inside_a_longer_one(self):
        assert self.marked("Eine Skizze zur KI.", "KI") == (
            "Eine Skizze zur <mark>KI</mark>."
        )

    def test_marks_the_names_of_shared_topics(self):
        reason = {"code": "topic", "values": {"topics": ["tec.cv"]}}

        marked = cards.highlight("Mit Bilderkennung.", exchange(reason))

        assert marked == "Mit <mark>Bilderkennung</mark>."

    def test_escapes_everything_else(self):
        marked = self.marked("<b>Risse</b> & <script>", "risse", "<script>")

        assert marked == ("&lt;b&gt;<mark>Risse</mark>&lt;/b&gt; &amp; &lt;script&gt;")

    def test_leaves_text_without_reasons_alone(self):
        assert cards.highlight("<i>", exchange()) == "&lt;i&gt;"


def test_sentences_come_once_and_unknown_reasons_not_at_all():
    near = {"code": "distance", "values": {"km": 62.0}}

    assert cards.sentences([near, {"code": "from the future"}, near]) == [
        "62 km entfernt"
    ]


def test_parts_are_told_in_words():
    told = cards.parts(exchange(topic=0.9, text=0.2, region=0.1))

    assert [words for _, _, words in told] == ["hoch", "mittel", "gering"]


def test_long_texts_are_cut_at_a_word():
    text = "wort " * 100

    short = cards.shortened(text)

    assert len(short) <= cards.LONGEST_QUOTE + 2
    assert short.endswith("wort …")
    assert cards.shortened("kurz") == "kurz"
