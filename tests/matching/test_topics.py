from pathlib import Path

import numpy as np
import pytest

from matching.evaluation.recognition import recognition, strange
from matching.topics import ModelMismatch, TopicModel, stack

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture(scope="module")
def model():
    return TopicModel.load()


TEXTS = (
    "Unsere Buchhaltung tippt jede Eingangsrechnung von Hand ab",
    "Wir lesen Rechnungen automatisch aus und buchen sie vor",
    "Kamera prüft Gussteile auf Kratzer und Lunker",
    "",
)


def test_need_and_offering_of_the_same_subject_meet(model):
    vectors = model.transform(TEXTS).topics

    cosines = (vectors @ vectors.T).toarray()

    assert cosines[0, 1] > 0.5
    assert cosines[0, 2] < 0.2
    assert cosines[3].max() == 0


def test_vectors_have_length_one_or_none(model):
    vectors = model.transform(TEXTS)

    for rows in (vectors.topics, vectors.words):
        lengths = np.sqrt(rows.multiply(rows).sum(axis=1))
        assert lengths == pytest.approx([1, 1, 1, 0], abs=1e-5)
        assert rows.data.min() > 0
        assert rows.dtype == np.float32


def test_the_company_of_other_texts_and_threads_change_no_byte(model):
    many = [f"{text} {n}" for n in range(700) for text in TEXTS]

    one = model.transform(many, threads=1)
    two = model.transform(many, threads=2)
    alone = model.transform(many[1500:1501])

    for rows, others, single in (
        (one.topics, two.topics, alone.topics),
        (one.words, two.words, alone.words),
    ):
        assert rows.data.tobytes() == others.data.tobytes()
        assert rows.indices.tobytes() == others.indices.tobytes()
        assert rows[[1500]].data.tobytes() == single.data.tobytes()


def test_topics_a_person_set_replace_the_models(model):
    vectors = model.transform(TEXTS)

    mended = model.with_topics(vectors, 2, ["fun.tax"])

    offering = model.transform(["Steuerliche Forschungszulage beantragen"])
    before = (vectors.topics[[2]] @ offering.topics.T).toarray()[0, 0]
    after = (mended.topics[[2]] @ offering.topics.T).toarray()[0, 0]
    assert before < 0.1
    assert after > 0.5
    assert (mended.topics[[0]] != vectors.topics[[0]]).nnz == 0


def test_an_unknown_topic_is_refused(model):
    vectors = model.transform(TEXTS)

    with pytest.raises(ModelMismatch, match="unknown topic"):
        model.with_topics(vectors, 0, ["tec.nonsense"])


def test_recognised_topics_fall_in_weight_and_name_their_words(model):
    topics = model.recognise(TEXTS[0])

    weights = [topic.weight for topic in topics]
    assert topics[0].topic == "app.adm.invoices"
    assert "Eingangsrechnung" in topics[0].words
    assert weights == sorted(weights, reverse=True)
    assert all(0 < weight <= 1 for weight in weights)
    assert len(model.recognise(TEXTS[0], top=2)) == 2


@pytest.mark.parametrize("text", ["", "  ", "asdf qwertz yxcv", "?!", "🙂🙂"])
def test_nothing_is_recognised_in_nonsense(model, text):
    assert model.recognise(text) == ()


def test_shared_words_are_written_as_in_the_first_text(model):
    words = model.shared_words(
        "Die Rechnungsprüfung in der Buchhaltung dauert",
        "wir prüfen eingangsrechnungen für jede buchhaltung",
    )

    assert set(words) == {"Buchhaltung", "Rechnungsprüfung"}


@pytest.mark.parametrize(
    ("query", "topic"),
    [
        ("Rechnugn", "app.adm.invoices"),
        ("Sichtprüfung", "app.prod.visual-inspection"),
        ("sichtpruefung", "app.prod.visual-inspection"),
        ("sichtprufung", "app.prod.visual-inspection"),
        ("chatbot", "app.svc.chatbot"),
        ("DSGVO", "gov.gdpr"),
        ("visual inspec", "app.prod.visual-inspection"),
    ],
)
def test_a_topic_is_found_by_typing(model, query, topic):
    assert topic in model.search_topics(query, "de", 3)


def test_nothing_is_found_for_nothing(model):
    assert model.search_topics(" ", "de", 3) == ()
    assert model.search_topics("xqzwv", "en", 3) == ()


def test_packed_vectors_come_back_whole(model):
    vectors = model.transform(TEXTS)

    packed = [model.pack(vectors, row) for row in range(len(TEXTS))]
    back = model.unpack(packed)

    for rows, others in ((vectors.topics, back.topics), (vectors.words, back.words)):
        assert rows.data.tobytes() == others.data.tobytes()
        assert rows.indices.tolist() == others.indices.tolist()
    assert len(model.unpack([])) == 0


def test_vectors_of_another_model_are_refused(model):
    packed = model.pack(model.transform(TEXTS), 0)

    other = b"otherone" + packed[8:]

    with pytest.raises(ModelMismatch):
        model.unpack([other])


def test_stacked_parts_are_the_whole(model):
    whole = model.transform(TEXTS)

    joined = stack([whole[:2], whole[2:]])

    assert (joined.topics != whole.topics).nnz == 0


def test_nothing_is_recognised_in_texts_on_anything_else(model):
    texts = (DATA / "off_topic.txt").read_text(encoding="utf-8").splitlines()

    wrong = strange(model, texts)

    assert len(set(texts)) >= 100
    assert not wrong


def test_the_names_of_topics_are_recognised(model):
    names = [topic.de for topic in model.knowledge.topics if topic.parent]

    silent = [name for name in names if not model.recognise(name, 1)]

    assert len(silent) <= 0.05 * len(names), silent


def test_most_recognised_topics_fit_and_few_texts_stay_silent(model):
    found = recognition(
        model, DATA / "judged_dev.jsonl", DATA / "labelled_topics.jsonl"
    )

    assert found.texts >= 60
    assert found.precision >= 0.8
    assert found.unread <= 0.1 * found.fits
    assert found.silent <= 2


def test_one_word_of_our_field_is_enough_to_be_recognised(model):
    named = [model.recognise(word, 1) for word in ("Chatbot", "Tourenplanung")]

    assert [one.topic for (one,) in named] == ["app.svc.chatbot", "app.log.routing"]


def test_english_needs_and_german_offerings_meet(model):
    vectors = model.transform(
        [
            "We lose days retyping supplier invoices into our accounting",
            "Digitaler Rechnungseingang mit Texterkennung und Freigabe",
            "Tourenplanung mit Zeitfenstern für Speditionen",
        ]
    ).topics

    cosines = (vectors @ vectors.T).toarray()

    assert cosines[0, 1] > 0.5
    assert cosines[0, 2] < 0.1


def test_common_words_of_a_register_count_less_there(model):
    texts = [f"Zeppelin {word}" for word in ("Miete", "Kauf", "Flug", "Bau", "Miete")]
    words = model.transform(texts).words

    weighed = model.in_register(words)

    before, after = ((rows @ rows.T).toarray() for rows in (words, weighed))
    assert after[0, 1] < before[0, 1]
    assert after[0, 4] == pytest.approx(1, abs=1e-5)
    lengths = np.sqrt(weighed.multiply(weighed).sum(axis=1))
    assert lengths == pytest.approx(np.ones(5), abs=1e-5)


def test_a_root_of_the_taxonomy_is_no_topic_of_a_text(model):
    texts = ["Anwendungsfelder von KI im Betrieb", "Use cases of AI in companies"]

    found = {one.topic for text in texts for one in model.recognise(text)}

    assert all(model.knowledge.topic[one].parent for one in found)
