"""The matching of a round, stage by stage."""

from collections.abc import Callable, Sequence

from matching.candidates import build
from matching.engine import Engine, LocalEngine
from matching.market import Market
from matching.outcome import Plan, publish
from matching.pairs import Back, Shared, backwards, by_giver, join, merge, takers
from matching.selection import select, with_pins
from matching.settings import Settings
from matching.stages import Stages, company_blocks

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
    blocks = company_blocks(market)

    with stages("index"):
        columns = market.columns(settings, drops)
        index = build(columns, market.n_topics)
    with stages("candidates"):
        shared = Shared.of(columns, index, market.n_words, settings)
        found = stages.map(takers, blocks, shared)
    with stages("pairs"):
        edges = join([block.edges for block in found])
        back = by_giver(edges)
        missing = stages.map(
            backwards, blocks, Back(columns, edges, back, market.widths)
        )
        pairs = merge(edges, back, missing)
    with stages("pins"):
        pairs, pinned = with_pins(market, columns, pairs, pins)
    with stages("allocation"):
        selection = select(market, settings, pairs, pinned, seed)
    with stages("reasons"):
        result = publish(market, columns, settings, seed, found, selection)
    result.manifest.update(stages=stages.report())
    return result
