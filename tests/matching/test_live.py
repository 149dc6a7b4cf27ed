"""The live index counts companies that could fit a typed text."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from matching.live import LiveIndex
from matching.topics import TopicModel
from matching.types import Company, Listing

ULM = (48.4, 9.99)
OFFER = "Wir prüfen Gussteile seit 2023 mit Kameras auf Risse und Lunker."
NEED = "Risse an Gussteilen sehen wir zu spät, der Ausschuss ist hoch."


@pytest.fixture(scope="module")
def model() -> TopicModel:
    return TopicModel.load()


def index_of(model: TopicModel, *companies: Company) -> LiveIndex:
    listings = [
        Listing(id=f"o{one.id}", kind="offering", text=OFFER, company=one.id)
        for one in companies
    ]
    vectors = model.transform([one.text for one in listings])
    return LiveIndex.build(listings, companies, vectors)


def asked(index: LiveIndex, model: TopicModel, text: str, reach: str = "national"):
    radius = 50 if reach == "onsite" else None
    vectors = model.transform([text])
    return index.count(vectors, "need", *ULM, reach, radius)


def test_companies_are_counted_once_and_by_distance(model: TopicModel):
    near = Company("near", lat=48.5, lon=9.9)
    far = Company("far", lat=53.5, lon=10.0)
    nowhere = Company("nowhere")
    index = index_of(model, near, far, nowhere)

    assert asked(index, model, NEED) == (3, 1)
    assert asked(index, model, NEED, "onsite") == (1, 1)


def test_paused_companies_and_other_topics_do_not_count(model: TopicModel):
    index = index_of(
        model, Company("a", paused=True), Company("b", capacity=0), Company("c")
    )

    assert asked(index, model, NEED) == (1, 0)
    assert asked(index, model, "Wir suchen Hilfe bei der Lohnbuchhaltung.") == (0, 0)


def test_who_asks_is_not_counted(model: TopicModel):
    index = index_of(model, Company("mine"), Company("other"))
    typed = model.transform([NEED])

    everyone = index.count(typed, "need", None, None, "national", None)
    others = index.count(typed, "need", None, None, "national", None, "mine")

    assert (everyone, others) == ((2, 0), (1, 0))


def test_what_is_saved_counts_alike_and_is_mapped(model: TopicModel, tmp_path: Path):
    companies = [Company(f"{n:02}", lat=48.0 + n % 6, lon=10.0) for n in range(20)]
    index = index_of(model, *companies)

    index.save(tmp_path / "one")
    opened = LiveIndex.open(tmp_path / "one")

    assert asked(opened, model, NEED) == asked(index, model, NEED) == (20, 8)
    assert asked(opened, model, "Wir suchen Hilfe bei der Lohnbuchhaltung.") == (0, 0)
    assert isinstance(opened._places.points, np.memmap)


def test_texts_settle_what_topics_leave_open(model: TopicModel):
    companies = [Company(str(n)) for n in range(3)]
    texts = [OFFER, "Kameras im Lager zählen bei uns Paletten.", "Wir mahlen Kaffee."]
    listings = [
        Listing(id=f"o{n}", kind="offering", text=text, company=str(n))
        for n, text in enumerate(texts)
    ]
    vectors = model.transform(texts)
    typed = model.transform([NEED])
    index = LiveIndex.build(listings, companies, vectors)
    topic = (vectors.topics @ typed.topics.T).toarray().ravel()
    text = (vectors.words @ typed.words.T).toarray().ravel()
    share = index.settings.text_share
    content = (1 - share) * topic + share * text
    fit = (topic >= index.settings.least_topic) & (content >= index.settings.floor)

    assert index.count(typed, "need", None, None, "national", None) == (fit.sum(), 0)


def test_counting_is_quick_enough_to_follow_typing(model: TopicModel):
    companies = [Company(f"{n:05}", lat=48.0 + n % 6, lon=10.0) for n in range(3000)]
    listings = [
        Listing(id=f"o{one.id}", kind="offering", text=OFFER, company=one.id)
        for one in companies
        for _ in range(1)
    ]
    vectors = model.transform([OFFER])[np.zeros(len(listings), np.int64)]
    index = LiveIndex.build(listings, companies, vectors)
    typed = model.transform([NEED])

    begin = time.perf_counter()
    index.count(typed, "need", *ULM, "national", None)

    assert time.perf_counter() - begin < 0.5


def test_a_form_does_not_wait_for_a_compiler():
    program = "import sys, matching.live; print('numba' in sys.modules)"

    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert said.stdout.strip() == "False"
