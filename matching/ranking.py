"""The offerings of each need in order, each with its parts and reasons."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import numpy.typing as npt

from matching.best_offerings import Shared, best_offerings
from matching.candidates import batches, build
from matching.explain import Explainer
from matching.lists import LAST
from matching.market import Market
from matching.settings import Settings
from matching.types import Match

ALL = 4096  # registers up to that many offerings are compared in full
TOGETHER = 1024  # needs whose matches are explained at once


def rank(
    market: Market, *, top: int = 20, settings: Settings | None = None
) -> Iterator[tuple[str, list[Match]]]:
    """Yield each need with its best offerings.

    Parameters
    ----------
    market : Market
    top : int, at least 1
        Most offerings per need.
    settings : Settings, optional
        Floors do not apply: a ranking shows what there is.

    Yields
    ------
    need : str
    matches : list of Match
        From high to low score; equal scores by company, then id. What must not meet
        and what scores 0 is not there. Needs come by company, then id.
    """
    settings = settings or Settings()
    columns = market.columns(settings)
    columns = columns._replace(rules=columns.rules._replace(floor=0, least_topic=0))
    n_offerings = len(market.offerings)
    looked_at = n_offerings if n_offerings <= ALL else max(10 * top, settings.looked_at)
    index = build(columns, market.n_topics)
    shared = Shared(columns, index, market.widths, max(looked_at, 1), top)
    found: dict[int, npt.NDArray[np.int64]] = {}
    for needs in batches(columns, market.n_topics):
        kept = best_offerings(needs, shared)
        keys = np.split(kept.key, np.cumsum(kept.number)[:-1])
        best = (LAST - (-np.sort(-one) & LAST) for one in keys)
        found |= dict(zip(needs.tolist(), best, strict=True))
    explainer = Explainer(market, columns)
    for begin in range(0, market.n_needs, TOGETHER):
        asked = range(begin, min(begin + TOGETHER, market.n_needs))
        offerings = [found.get(need, np.zeros(0, np.int64)) for need in asked]
        counts = list(map(len, offerings))
        told = explainer.explain(
            np.repeat(np.array(asked, np.int64), counts), np.concatenate(offerings)
        )
        matches = (one.match for one in told)
        for need, n in zip(asked, counts, strict=True):
            yield market.needs[need].id, list(islice(matches, n))
