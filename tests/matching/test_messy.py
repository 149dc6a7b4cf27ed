import random

import numpy as np

from matching.evaluation.judged import Judged
from matching.evaluation.messy import BOILERPLATE, cut, messy, mistype, spell_out
from matching.words import Compounds

SENTENCE = "Unsere Rechnungsprüfung dauert viel länger als vor einem Jahr geplant " * 10


def test_umlauts_are_spelt_out():
    assert spell_out("Größe, Übung, Öl") == "Groesse, Uebung, Oel"


def test_about_one_word_in_ten_has_two_letters_swapped():
    words = SENTENCE.split()

    typed = mistype(SENTENCE, random.Random(1)).split()

    changed = [pair for pair in zip(words, typed, strict=True) if pair[0] != pair[1]]
    assert 3 <= len(changed) <= 20
    assert all(sorted(a) == sorted(b) and a[0] == b[0] for a, b in changed)


def test_compounds_are_cut_into_their_parts():
    compounds = Compounds.fit(["Rechnung prüfung Rechnung"])

    assert cut("Die Rechnungsprüfung!", compounds) == "Die rechnung prüfung!"


def test_every_kind_of_mess_changes_texts_and_keeps_grades():
    grades = np.array([[3]], np.float32)
    judged = Judged((f"Ü {SENTENCE}",), (f"Öl {SENTENCE}",), grades)

    kinds = dict(messy(judged, Compounds.fit(["Rechnung prüfung"])))

    assert all(one.offerings != judged.offerings for one in kinds.values())
    assert all(one.grades is grades for one in kinds.values())
    only_offerings = kinds["that sentence in offerings"]
    assert only_offerings.needs == judged.needs
    assert only_offerings.offerings[0].endswith(BOILERPLATE)
