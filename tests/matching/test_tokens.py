import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import tokens
from matching.kernels import COMPILED
from matching.words import tokens as words_of

LETTERS = "aäÄßé1_ -.\n\u00ad\u0130\u03a3\U0001d538\ud800"
TEXTS = st.lists(st.text(LETTERS, max_size=30) | st.text(max_size=30), max_size=40)


def spelled(found):
    ends = zip(found.start[:-1], found.start[1:], strict=True)
    return [[found.words[at] for at in found.number[a:b]] for a, b in ends]


@settings(deadline=None)  # the first call may compile
@given(TEXTS)
def test_numbers_stand_for_the_words_of_each_text(texts):
    found = tokens.numbered(texts)

    assert spelled(found) == list(map(words_of, texts))
    assert len(set(found.words)) == len(found.words)


@settings(deadline=None)  # the first call may compile
@given(TEXTS)
def test_words_are_numbered_by_first_occurrence(texts):
    found = tokens.numbered(texts)

    seen = dict.fromkeys(word for text in texts for word in words_of(text))
    assert found.words == list(seen)


@pytest.mark.skipif(not COMPILED, reason="needs numba")
def test_many_texts_are_numbered_as_few(monkeypatch):
    texts = [f"Wort{n % 7} und Zahl {n}" for n in range(50)]
    whole = tokens.numbered(texts)

    monkeypatch.setattr(tokens, "TOGETHER", 3)
    parts = tokens.numbered(texts)
    monkeypatch.setattr(tokens, "COMPILED", False)
    plainly = tokens.numbered(texts)

    assert whole.words == parts.words == plainly.words
    assert whole.number.tolist() == parts.number.tolist() == plainly.number.tolist()
    assert whole.start.tolist() == parts.start.tolist() == plainly.start.tolist()
