import math

import numpy as np
import pytest

from matching import text, words
from matching.hashes import hash_grams, hash_words

CORPUS = (
    "Rechnungen prüfen und Belege ablegen",
    "Die Rechnung geht beim Eingang verloren",
    "Maschine steht, Wartung der Maschinen planen",
    "Eingang der Belege in der Buchhaltung",
)


@pytest.fixture(scope="module")
def features():
    return text.Features.fit(CORPUS, n_grams=200)


@pytest.mark.parametrize(
    "spellings",
    [
        ("prüfung", "pruefung", "prufung"),
        ("größe", "groesse", "grosse"),
        ("köln", "koeln", "koln"),
    ],
)
def test_three_spellings_of_a_word_have_the_same_features(features, spellings):
    first, *others = (features.transform([word]).toarray() for word in spellings)

    for other in others:
        assert np.array_equal(first, other)


def test_letters_that_only_look_like_an_umlaut_stay():
    assert words.fold("steuer") == "steuer"
    assert words.fold("bauer") == "bauer"
    assert words.fold("quelle") == "quelle"


def test_a_compound_has_the_features_of_its_parts(features):
    assert features.compounds.split("rechnungseingang") == ("rechnung", "eingang")
    assert features.compounds.split("maschinenwartung") == ("maschinen", "wartung")

    compound = features.transform(["Rechnungseingang"])
    plain = features.transform(["Eingang einer Rechnung"])

    assert (compound @ plain.T).toarray()[0, 0] > 0.3


def test_words_that_are_no_compounds_stay_whole(features):
    for word in ("buchhaltung", "rechnung", "m8x40x8x40", "xqzwvbnmkl"):
        assert features.compounds.split(word) == ()


def test_rows_are_unit_or_empty(features):
    rows = features.transform(["Belege prüfen", "", "... !!", "Zeppelin"])

    lengths = np.sqrt(rows.multiply(rows).sum(axis=1))

    assert lengths == pytest.approx([1, 0, 0, 1], abs=1e-6)
    assert rows.dtype == np.float32
    assert rows.has_sorted_indices


def test_an_unknown_word_still_meets_itself(features):
    rows = features.transform(["Zeppelin fliegt", "ein Zeppelin"])

    assert (rows[[0]] @ rows[[1]].T).toarray()[0, 0] > 0.2


def test_the_company_of_other_texts_changes_no_byte(features):
    alone = features.transform(["Wartung der Maschine"])
    among = features.transform([*CORPUS, "Wartung der Maschine", "Zeppelin"])[[4]]

    assert np.array_equal(alone.indices, among.indices)
    assert np.array_equal(alone.data, among.data)


def test_weights_follow_the_definition(features):
    row = features.transform(["Belege Belege Wartung"])

    column = features.word_columns(hash_words(["beleg", "wartung"]))
    beleg, wartung = (features.idf[one] for one in column)
    assert beleg == pytest.approx(math.log(5 / 3) + 1)
    a, b = (1 + math.log(2)) * beleg, wartung
    share = math.sqrt(text.WORD_SHARE) / math.hypot(a, b)
    assert row.toarray()[0, column] == pytest.approx([a * share, b * share], rel=1e-5)


def test_pieces_of_letters_are_those_of_the_padded_word():
    hashes, owner = hash_grams(["abc", "b"])

    # " abc " has 3 + 2 + 1 pieces of 3, 4, 5 letters, " b " has 1.
    assert len(hashes) == 7
    assert len(set(hashes.tolist())) == 7
    assert sorted(owner.tolist()) == [0] * 6 + [1]


def test_hashes_are_of_the_letters_not_of_the_company():
    together, _ = hash_grams(["wartung", "maschine"])
    alone, _ = hash_grams(["maschine"])

    assert set(alone.tolist()) < set(together.tolist())
    assert hash_words(["ab", "c"])[1] == hash_words(["c"])[0]


def test_stop_words_have_pieces_but_no_stem():
    compounds = words.Compounds({})

    assert words.word_features("und", compounds, {}) == ()
    assert words.word_features("wartung", compounds, {}) == (words.stem("wartung"),)


def test_words_of_a_group_share_a_meaning():
    groups = [("Brötchen", "Semmel", "Schrippe", "rolls"), ("Lager", "warehouse")]
    features = text.Features.fit(CORPUS, n_grams=200, groups=groups)

    rows = features.transform(["Semmel", "rolls", "Lagermaschine", "warehouse"])

    cosines = (rows @ rows.T).toarray()
    assert cosines[0, 1] > 0.15
    assert cosines[2, 3] > 0.1
    assert cosines[0, 3] == 0


def test_a_word_may_stand_in_several_groups_but_not_as_a_phrase():
    meanings = words.lexicon([("Einkauf", "buying"), ("Ware", "buying", "shop floor")])

    assert meanings[words.stem("buying")] == ("=einkauf", "=ware")
    assert words.stem("shop") not in meanings
