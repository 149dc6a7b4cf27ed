"""Well-known ways to compare texts, for the tables: none knows our knowledge base.

Each takes the texts of needs and offerings and returns the scores of all pairs; each
learns its word weights from the offerings, as a search engine would.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from matching.stopwords import STOP_WORDS
from matching.words import stem, tokens

Floats = npt.NDArray[np.float64]
Method = Callable[[Sequence[str], Sequence[str]], Floats]

# The usual constants of BM25.
K1, B = 1.2, 0.75


def stems(text: str) -> list[str]:
    """Return the Snowball stems of a text without stop words."""
    return [stem(token) for token in tokens(text) if token not in STOP_WORDS]


def bm25(needs: Sequence[str], offerings: Sequence[str]) -> Floats:
    """Score by Okapi BM25 over stems.

    References
    ----------
    Robertson and Zaragoza, "The probabilistic relevance framework: BM25 and beyond",
    2009. doi:10.1561/1500000019
    """
    counter = CountVectorizer(analyzer=stems)
    counts = counter.fit_transform(offerings).tocsr().astype(np.float64)
    df = np.bincount(counts.indices, minlength=counts.shape[1])
    idf = np.log(1 + (len(offerings) - df + 0.5) / (df + 0.5))
    length = np.asarray(counts.sum(axis=1)).ravel()
    row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    norm = K1 * (1 - B + B * length / max(length.mean(), 1))
    counts.data *= (K1 + 1) / (counts.data + norm[row])
    counts.data *= idf[counts.indices]
    return _dense(counter.transform(needs) @ counts.T)


def word_tfidf(needs: Sequence[str], offerings: Sequence[str]) -> Floats:
    """Score by the cosine of TF-IDF over stems."""
    return _cosine(TfidfVectorizer(analyzer=stems, sublinear_tf=True), needs, offerings)


def char_tfidf(needs: Sequence[str], offerings: Sequence[str]) -> Floats:
    """Score by the cosine of TF-IDF over pieces of 3 to 5 letters within words."""
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    return _cosine(pieces, needs, offerings)


def mixed_tfidf(needs: Sequence[str], offerings: Sequence[str]) -> Floats:
    """Score by .4 of the cosine over stems and .6 of that over pieces."""
    return 0.4 * word_tfidf(needs, offerings) + 0.6 * char_tfidf(needs, offerings)


METHODS: dict[str, Method] = {
    "BM25, stems": bm25,
    "TF-IDF, stems": word_tfidf,
    "TF-IDF, pieces of letters": char_tfidf,
    "TF-IDF, .4 stems + .6 pieces": mixed_tfidf,
}


def _cosine(
    vectoriser: TfidfVectorizer, needs: Sequence[str], offerings: Sequence[str]
) -> Floats:
    known = vectoriser.fit_transform(offerings)
    return _dense(vectoriser.transform(needs) @ known.T)


def _dense(scores: sp.csr_matrix) -> Floats:
    dense: Floats = np.asarray(scores.todense(), np.float64)
    return dense
