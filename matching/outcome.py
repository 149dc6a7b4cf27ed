"""What a round leaves: pairs with reasons, and the manifest that vouches for it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import matching
from matching import circles, rings
from matching.columns import Columns
from matching.explain import Explainer, misfits
from matching.market import Market
from matching.pairs import Pairs
from matching.selection import Selection
from matching.settings import Settings
from matching.types import Band, Pair, Slot

LISTED = 20  # circles and rings in a manifest: more than organizers act on in a week


@dataclass(frozen=True, slots=True)
class Plan:
    """The pairs of a round in order of (a, b), and what must be known about it.

    `unmet` are ids of needs without any offering above the floor; `uncovered` says
    of each company without a suggestion why: paused, no_capacity, no_listing,
    cooling, no_candidate, crowded_out.
    """

    pairs: list[Pair]
    manifest: dict[str, Any]
    unmet: list[str]
    uncovered: dict[str, str]


def publish(
    market: Market,
    columns: Columns,
    settings: Settings,
    seed: int,
    met: npt.NDArray[np.bool_],
    selection: Selection,
) -> Plan:
    """Turn what was chosen into records. The manifest wants what `aside` returns."""
    chosen = selection.allocation.chosen
    records = _records(Explainer(market, columns), settings, selection)
    active = columns.firms.active
    unmet = [
        one.id
        for one, fine, company in zip(
            market.needs, met, columns.needs.company, strict=True
        )
        if not fine and active[company]
    ]
    load = np.bincount(
        np.concatenate([selection.pairs.a[chosen], selection.pairs.b[chosen]]),
        minlength=len(market.companies),
    )
    uncovered = _uncovered(market, columns, settings, selection, load)
    counts = _counts(market, columns, selection, load, unmet)
    manifest = {
        "version": matching.__version__,
        "knowledge": market.knowledge.version,
        "settings": settings.to_json(),
        "seed": seed,
        "as_of": market.as_of.isoformat(),
        "candidate_limit": settings.per_need,
        "counts": counts,
        "welfare": selection.allocation.welfare,
        "bound": selection.allocation.bound,
        "ratio": selection.allocation.ratio,
        "coverage": _share(int((load[active] > 0).sum()), int(active.sum())),
        "exposure_gini": gini(load[_exposable(market, columns)]),
        "promise_broken": [
            market.companies[at].id for at in selection.allocation.uncovered
        ],
    }
    return Plan(records, manifest, unmet, uncovered)


def aside(
    market: Market, columns: Columns, settings: Settings, pairs: Pairs
) -> dict[str, Any]:
    """Return what a manifest says of the market, circles and rings, not of the plan."""
    fingerprint = market.fingerprint
    proposed = circles.propose(market, columns=columns, limit=LISTED)
    counted, listed = rings.propose(
        Explainer(market, columns), pairs, settings, limit=LISTED
    )
    return {
        "market": fingerprint,
        "circles": list(map(circles.as_json, proposed)),
        "rings": {
            "count": counted.count,
            "complete": counted.complete,
            "listed": list(map(rings.as_json, listed)),
        },
    }


def _records(
    explainer: Explainer, settings: Settings, selection: Selection
) -> list[Pair]:
    pairs, chosen = selection.pairs, selection.allocation.chosen
    side = pairs.score[chosen] > 0
    explained = explainer.explain(
        pairs.need[chosen][side], pairs.offering[chosen][side]
    )
    slots = _slots(selection)
    companies = explainer.market.companies
    records, at = [], 0
    for one, a, b, score, n in zip(
        chosen.tolist(),
        pairs.a[chosen].tolist(),
        pairs.b[chosen].tolist(),
        selection.score[chosen].tolist(),
        side.sum(axis=1).tolist(),
        strict=True,
    ):
        matches = explained[at : at + n]
        at += n
        slot, propensity = slots.get(one, ("model", 1.0))
        records.append(
            Pair(
                a=companies[a].id,
                b=companies[b].id,
                score=round(score, 6),
                band=band(score, settings),
                slot=slot,
                propensity=propensity,
                matches=tuple([match.match for match in matches]),
                misfits=misfits(matches),
            )
        )
    return records


def _slots(selection: Selection) -> dict[int, tuple[Slot, float]]:
    """Return slot and propensity of the pairs that the model did not choose."""
    drawn = selection.explored
    slots: dict[int, tuple[Slot, float]] = {
        edge: ("explore", round(chance, 9))
        for edge, chance in zip(
            drawn.edge.tolist(), drawn.propensity.tolist(), strict=True
        )
    }
    return slots | dict.fromkeys(selection.pinned.tolist(), ("pinned", 1.0))


def band(score: float, settings: Settings) -> Band:
    """Return the word for a pair's score.

    The limits are directed scores; a one-way pair has 1 / (1 + other_way) of its own.
    """
    directed = score * (1 + settings.other_way)
    if directed >= settings.strong:
        return "strong"
    return "good" if directed >= settings.good else "possible"


def gini(counts: npt.NDArray[np.integer[Any]]) -> float:
    """Return how unevenly something is spread: 0 all alike, towards 1 all on one.

    Parameters
    ----------
    counts : array of shape (n,), at least 0
    """
    n, total = len(counts), counts.sum()
    if not n or not total:
        return 0.0
    rank = np.arange(1, n + 1)
    return round(float((2 * rank - n - 1) @ np.sort(counts) / (n * total)), 6)


def _exposable(market: Market, columns: Columns) -> npt.NDArray[np.int64]:
    """Return active companies with an open offering."""
    offers = np.diff(columns.offerings.first) > 0
    return np.flatnonzero(columns.firms.active & offers)


def _uncovered(
    market: Market,
    columns: Columns,
    settings: Settings,
    selection: Selection,
    load: npt.NDArray[np.int64],
) -> dict[str, str]:
    listed = np.diff(columns.needs.first) + np.diff(columns.offerings.first) > 0
    reached = np.zeros(len(market.companies), np.bool_)
    reached[selection.pairs.a] = True
    reached[selection.pairs.b] = True
    cooling = {one for pair in market.cooling(settings) for one in pair}
    found = {}
    for at in np.flatnonzero(load == 0).tolist():
        company = market.companies[at]
        if company.paused:
            reason = "paused"
        elif min(company.capacity, settings.most_per_company) == 0:
            reason = "no_capacity"
        elif not listed[at]:
            reason = "no_listing"
        elif reached[at]:
            reason = "crowded_out"
        else:
            reason = "cooling" if company.id in cooling else "no_candidate"
        found[company.id] = reason
    return found


def _counts(
    market: Market,
    columns: Columns,
    selection: Selection,
    load: npt.NDArray[np.int64],
    unmet: Sequence[str],
) -> dict[str, Any]:
    slots = Counter(slot for slot, _ in _slots(selection).values())
    n_chosen = len(selection.allocation.chosen)
    score = selection.pairs.score
    return {
        "companies": len(market.companies),
        "active": int(columns.firms.active.sum()),
        "needs": market.n_needs,
        "offerings": len(market.listings) - market.n_needs,
        "candidates": len(selection.pairs.a),
        "mutual": int(np.count_nonzero((score[:, 0] > 0) & (score[:, 1] > 0))),
        "pairs": n_chosen,
        "explore": slots["explore"],
        "pinned": slots["pinned"],
        "model": n_chosen - slots["explore"] - slots["pinned"],
        "unmet_needs": len(unmet),
        "covered": int((load > 0).sum()),
        "promised": int(selection.promised.sum()),
        "promise_broken": len(selection.allocation.uncovered),
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 1.0
