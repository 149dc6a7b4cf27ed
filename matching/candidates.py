"""Needs and offerings -> the best offerings of each need, region inside retrieval.

The order is topic cosine * weight (region, help, freshness): a first stage that finds
exactly the best by that product, among those that may meet at all. Sorting by topic
and filtering by region afterwards would lose most of them in a large register.
"""

import numpy as np
import numpy.typing as npt

from matching.columns import BITS, COSINE, ONSITE, STATE, Columns
from matching.kernels import COMPILED, Records
from matching.lists import LAST
from matching.scoring import (
    Longs,
    matchable,
    weights,
)
from matching.sparse_rows import as_matrix
from matching.sweep import sweep
from matching.tiles import (
    Index,
    build,
    by_topic,
    halved,
    leading_topics,
)

__all__ = ["Index", "batches", "build", "search", "search_plainly"]

BLOCKS = 64  # of an engine, about so many: enough for some workers
FEWEST, MOST = 256, 4096  # needs in a block
MOST_KEYS = 1 << 20  # of the lists of all needs asked together


def search(columns: Columns, index: Index, needs: Longs, limit: int) -> list[Longs]:
    """Find the best offerings of needs that are all near-by or all wide.

    Parameters
    ----------
    columns : columns.Columns
    index : tiles.Index
        Of the same market.
    needs : int64 array
        Their numbers; the more alike they are, the quicker.
    limit : int, at least 1

    Returns
    -------
    list of int64 array
        Per need the keys (see `lists.Lists`) of at most `limit` offerings, in no
        order. Offerings below `rules.least_topic` are not among them.
    """
    n_topics = index.near.most.shape[1]
    if not COMPILED:
        return search_plainly(columns, needs, limit, n_topics)
    found: list[Longs] = []
    batch = max(1, min(MOST, MOST_KEYS // limit))
    for begin in range(0, len(needs), batch):
        some = needs[begin : begin + batch]
        near = is_near(columns.needs.traits[some[:1]])[0]
        lists = sweep(columns, index.near if near else index.wide, some, limit)
        found += [key[:n] for key, n in zip(lists.key, lists.n, strict=True)]
    return found


def batches(columns: Columns, n_topics: int) -> list[Longs]:
    """Split the needs of active companies into blocks of needs that are alike.

    The blocks depend on the market alone, so that every engine computes the same.
    """
    traits, topics = columns.needs.traits, columns.needs.topics
    asks = columns.firms.active[columns.needs.company]
    key = leading_topics(topics)
    near = is_near(traits)
    onsite = np.flatnonzero(asks & (traits.reach == ONSITE))
    batch = min(max(len(traits) // BLOCKS, FEWEST), MOST)
    parts = halved(traits, onsite, 4 * batch)
    for state in np.unique(traits.state):
        here = (traits.reach == STATE) & (traits.state == state)
        parts.append(np.flatnonzero(asks & here))
    sorted_ = [by_topic(topics, part, key, n_topics) for part in parts if len(part)]
    sorted_ = [np.concatenate([np.zeros(0, np.int64), *sorted_])]
    sorted_.append(by_topic(topics, np.flatnonzero(asks & ~near), key, n_topics))
    return [
        some[begin : begin + batch]
        for some in sorted_
        for begin in range(0, len(some), batch)
    ]


def is_near(traits: Records) -> npt.NDArray[np.bool_]:
    """Return which needs are met on site or within a state."""
    near: npt.NDArray[np.bool_] = np.isin(traits.reach, (ONSITE, STATE))
    return near


def search_plainly(
    columns: Columns, needs: Longs, limit: int, n_topics: int
) -> list[Longs]:
    """Return what `search` finds for each need, by products of sparse matrices.

    The definition written down: every offering is scored. Serves where numba is
    missing, and as the oracle in tests.
    """
    topics = as_matrix(columns.offerings.topics, n_topics)
    asked = as_matrix(columns.needs.topics, n_topics)[needs]
    cosines = np.minimum((asked @ topics.T).toarray(), COSINE)
    found = []
    for need, cosine in zip(needs, cosines, strict=True):
        offering = np.flatnonzero(cosine)
        product = cosine[offering] * weights(columns, int(need), offering) >> BITS
        may = (product > 0) & (cosine[offering] >= columns.rules.least_topic)
        may &= matchable(columns, int(need), offering)
        key = (product[may] << 32) | (LAST - offering[may])
        best: Longs = -np.sort(-key)[:limit]
        found.append(best)
    return found
