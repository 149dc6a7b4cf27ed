import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.shared_words import MOST_WORDS, shared_words
from matching.stopwords import STOP_WORDS
from matching.types import Listing
from matching.words import stem, tokens

WORDS = (
    "Rechnung",
    "Rechnungen",
    "prüfen",
    "pruefen",
    "und",
    "KI",
    "2024",
    "Kamera",
    "Kameras",
    "Ausschuss",
    "Lager",
    "Wartung",
    "Maschine",
)
TEXTS = st.lists(
    st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join), max_size=6
)


def naive(need, offering):
    """The definition: of each stem the need's last word, the longest stems first."""

    def stems(text):
        return {
            stem(word): word
            for word in tokens(text)
            if len(word) > 2 and not word.isdigit() and word not in STOP_WORDS
        }

    ours, theirs = stems(need), stems(offering)
    common = sorted(ours.keys() & theirs.keys(), key=lambda one: (-len(one), one))
    return tuple(ours[one] for one in common[:MOST_WORDS])


@settings(deadline=None)  # the first call may compile
@given(TEXTS, TEXTS)
def test_shared_words_are_those_of_the_definition(needs, offerings):
    pairs = [(n, o) for n in range(len(needs)) for o in range(len(offerings))]

    found = shared_words(
        [Listing(f"n{at}", "need", text) for at, text in enumerate(needs)],
        [Listing(f"o{at}", "offering", text) for at, text in enumerate(offerings)],
        np.array([n for n, _ in pairs], np.int32),
        np.array([o for _, o in pairs], np.int32),
    )

    assert found == [naive(needs[n], offerings[o]) for n, o in pairs]


def test_the_title_counts_and_words_are_as_the_need_writes_them():
    need = Listing("n", "need", "Wir suchen Hilfe.", title="Rechnungen")
    offering = Listing("o", "offering", "Eine Rechnung geht ein.", title="OCR")
    first = np.zeros(1, int)

    assert shared_words([need], [offering], first, first) == [("rechnungen",)]
