"""The matching of a round, stage by stage."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from matching.best_offerings import Kept, Shared, best_offerings, met_by
from matching.candidates import batches, build
from matching.columns import Columns
from matching.directions import Back, backwards, by_giver, joined, takers, unknown
from matching.engine import Engine, LocalEngine
from matching.market import Market
from matching.outcome import Plan, aside, publish
from matching.pairs import Pairs, merge
from matching.selection import select, with_pins
from matching.settings import Settings
from matching.stages import Stages, beside, company_blocks, uncollected

Names = Sequence[tuple[str, str]]


def plan(
    market: Market,
    *,
    settings: Settings | None = None,
    seed: int = 0,
    engine: Engine | None = None,
    pins: Names = (),
    drops: Names = (),
    progress: Callable[[str, float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Plan:
    """Choose the pairs of a round.

    Parameters
    ----------
    market : Market
    settings : Settings, optional
    seed : int
        Draws the pairs that explore: another round, another seed.
    engine : Engine, optional
        Where blocks are computed; threads of this machine unless told otherwise.
        Changes the time, never a byte of the result.
    pins, drops : sequences of company ids
        Pairs that must be in the plan, and pairs that must not.
    progress : callable, optional
        Called with the name of a stage and its share that is done.
    cancelled : callable, optional
        Asked between blocks; True ends the work.

    Returns
    -------
    Plan

    Raises
    ------
    BadInput
        A pinned or dropped company is unknown.
    OverCapacity
        The pins ask more of a company than its capacity.
    Cancelled, EngineError
    """
    settings = settings or Settings()
    stages = Stages(engine or LocalEngine(), progress, cancelled)
    with uncollected():
        with stages("columns"):
            columns = market.columns(settings, drops)
        pairs, met = score(market, columns, settings, stages)
        with stages("pins"):
            pairs, pinned = with_pins(market, columns, pairs, pins)
        # No stage waits for it, and what follows leaves a core free.
        with beside(lambda: aside(market, columns, settings, pairs)) as said:
            with stages("allocation"):
                selection = select(market, columns, settings, pairs, pinned, seed)
            with stages("reasons"):
                result = publish(market, columns, settings, seed, met, selection)
    result.manifest.update(said.result(), stages=stages.report())
    return result


def score(
    market: Market, columns: Columns, settings: Settings, stages: Stages
) -> tuple[Pairs, npt.NDArray[np.bool_]]:
    """Return the graph of the round: every pair of companies with a match.

    Returns
    -------
    pairs : Pairs
        In order of (a, b), scored in both directions.
    met : bool array of shape (n_needs,)
        Whether each need has an offering above the floor.
    """
    kept = find(market, columns, settings, stages)
    met = met_by(kept, market.n_needs)
    with stages("pairs"):
        edges = takers(columns, kept)
        del kept  # a quarter of a gigabyte at 300,000 companies
        back = by_giver(edges)
        missing = unknown(edges, back)
        found = stages.map(
            backwards,
            company_blocks(missing.start),
            Back(columns, missing, market.widths),
        )
        pairs = merge(edges, back, joined(found))
    return pairs, met


def find(
    market: Market, columns: Columns, settings: Settings, stages: Stages
) -> list[Kept]:
    """Return the best offerings of each need. The index goes when they are known."""
    with stages("index"):
        index = build(columns, market.n_topics)
    with stages("candidates"):
        shared = Shared.of(columns, index, market.widths, settings)
        needs = batches(columns, market.n_topics)
        return stages.map(best_offerings, needs, shared)
