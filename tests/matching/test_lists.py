"""A list keeps exactly the best, whatever comes in whatever order."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.columns import COSINE
from matching.lists import LAST, TOO_LITTLE, empty, finish, insert

products = st.lists(
    st.one_of(st.integers(1, COSINE), st.sampled_from([1, 5, COSINE // 2, COSINE])),
    max_size=200,
)


@settings(deadline=None)  # the first example compiles
@given(products, st.integers(1, 7))
def test_the_best_are_kept_and_ties_go_to_the_first(given_, limit):
    lists = empty(2, limit)

    for offering, product in enumerate(given_):
        before = lists.cut[1]
        insert(*lists, 1, product, offering, limit, limit)
        assert lists.cut[1] >= before
    finish(lists, limit)

    keys = [(product << 32) | (int(LAST) - at) for at, product in enumerate(given_)]
    best = sorted(keys, reverse=True)[:limit]
    assert sorted(lists.key[1, : lists.n[1]].tolist(), reverse=True) == best
    assert lists.n[0] == 0


@settings(deadline=None)  # the first example compiles
@given(products, st.integers(1, 7))
def test_what_a_list_asks_for_is_never_more_than_its_last(given_, limit):
    lists = empty(1, limit)

    for offering, product in enumerate(given_):
        insert(*lists, 0, product, offering, limit, limit)

    last = sorted(given_, reverse=True)[limit - 1] if len(given_) >= limit else 0
    assert lists.cut[0] <= last / COSINE
    if len(given_) >= limit:
        assert lists.cut[0] >= np.float32(last / COSINE - 1 / 256 - 2 * TOO_LITTLE)
