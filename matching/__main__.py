"""python -m matching: the engine on files.

Every command reads and checks all its files first. A bad row is named as
file:line: field: why; then the exit code is 2 and nothing is written. Other failures
say why in one line and exit with 1.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from matching.errors import BadInput, MatchingError

ItemT = TypeVar("ItemT")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    options = parser().parse_args(arguments)
    try:
        options.command(options)
    except BadInput as error:
        print(*error.rows, sep="\n", file=sys.stderr)
        return 2
    except (MatchingError, OSError) as error:
        print(f"matching: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("matching: stopped; nothing was written", file=sys.stderr)
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--quiet", action="store_true", help="show no progress")
    whole = argparse.ArgumentParser(prog="python -m matching", description=__doc__)
    commands = whole.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[Any], None]) -> argparse.ArgumentParser:
        text = (run.__doc__ or "").partition("\n")[0]
        one = commands.add_parser(name, parents=[common], help=text, description=text)
        one.set_defaults(command=run)
        return one

    one = command("topics", topics)
    one.add_argument("--in", dest="texts", type=Path, required=True)
    one.add_argument("--out", type=Path, required=True)
    one.add_argument("--top", type=positive, default=8)

    one = command("rank", rank)
    _add_market(one, companies=False)
    one.add_argument("--top", type=positive, default=20)
    one.add_argument("--out", type=Path, required=True)

    one = command("plan", plan)
    _add_market(one, companies=True)
    one.add_argument("--history", type=Path)
    one.add_argument("--seed", type=int, default=0)
    one.add_argument("--engine", default="local", help="local, tcp://… or tls://…")
    one.add_argument("--out", type=Path, required=True)
    one.add_argument("--manifest", type=Path, required=True)

    one = command("circles", circles)
    _add_market(one, companies=True)
    one.add_argument("--history", type=Path)
    one.add_argument("--limit", type=positive, default=50)
    one.add_argument("--out", type=Path, required=True)

    one = command("evaluate", evaluate)
    one.add_argument("--listings", type=Path, required=True)
    one.add_argument("--judgements", type=Path, required=True)
    one.add_argument("--peers", action="store_true", help="beside BM25 and TF-IDF")

    one = command("generate", generate)
    one.add_argument("--companies", type=positive, required=True)
    one.add_argument("--seed", type=int, default=0)
    one.add_argument("--vectors", action="store_true", help="store vectors as well")
    one.add_argument("--out-dir", type=Path, required=True)

    one = command("benchmark", benchmark)
    one.add_argument("--companies", type=positive, nargs="+", default=[3000, 30000])
    one.add_argument("--peers", action="store_true", help="beside other libraries")
    one.add_argument("--engine", default="local", help="local, tcp://… or tls://…")
    one.add_argument("--repeats", type=positive, default=3)
    one.add_argument("--json", type=Path, help="write the figures here, too")
    return whole


def positive(text: str) -> int:
    """Return a whole number above 0, for argparse."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def _add_market(one: argparse.ArgumentParser, *, companies: bool) -> None:
    one.add_argument("--listings", type=Path, required=True)
    one.add_argument("--companies", type=Path, required=companies)
    one.add_argument("--settings", type=Path, help="JSON object")
    one.add_argument("--vectors", type=Path, help="of `generate --vectors`")
    one.add_argument(
        "--date", type=date.fromisoformat, help="latest day in the files otherwise"
    )


def topics(options: argparse.Namespace) -> None:
    """Recognise the topics of texts."""
    from matching.files import Text, read, write_rows
    from matching.topics import TopicModel

    texts = read(options.texts, Text)
    if texts.bad:
        raise BadInput(texts.bad)
    model = TopicModel.load()

    def rows() -> Iterator[dict[str, Any]]:
        for one in shown(texts.records, options, "topics"):
            found = model.recognise(one.text, options.top)
            named = [{"topic": t.topic, "weight": round(t.weight, 6)} for t in found]
            yield {"id": one.id, "topics": named}

    write_rows(options.out, rows())


def rank(options: argparse.Namespace) -> None:
    """List the best offerings of each need."""
    from matching.files import write_rows
    from matching.inputs import read_settings
    from matching.ranking import rank as ranked
    from matching.rows import rank_row

    settings = read_settings(options.settings)
    market = _market(options)
    found = ranked(market, top=options.top, settings=settings)
    rows = shown(found, options, "needs", total=market.n_needs)
    write_rows(options.out, (rank_row(need, matches) for need, matches in rows))


def plan(options: argparse.Namespace) -> None:
    """Choose the pairs of a round."""
    from matching.engine import from_address
    from matching.files import write_json, write_rows
    from matching.inputs import digests, read_settings
    from matching.pipeline import plan as planned
    from matching.rows import pair_row

    settings = read_settings(options.settings)
    market = _market(options)
    engine = from_address(options.engine)
    try:
        with Bar(options) as bar:
            round_ = planned(
                market,
                settings=settings,
                seed=options.seed,
                engine=engine,
                progress=bar.stage,
            )
    finally:
        engine.close()
    files = (options.listings, options.companies, options.history, options.settings)
    manifest = round_.manifest | {
        "inputs": digests(*files),
        "unmet": round_.unmet,
        "uncovered": round_.uncovered,
    }
    write_rows(options.out, map(pair_row, round_.pairs))
    write_json(options.manifest, manifest)


def circles(options: argparse.Namespace) -> None:
    """Propose circles of companies with the same need."""
    from matching.circles import as_json, propose
    from matching.files import write_rows
    from matching.inputs import read_settings

    settings = read_settings(options.settings)
    found = propose(_market(options), settings=settings, limit=options.limit)
    write_rows(options.out, map(as_json, found))


def evaluate(options: argparse.Namespace) -> None:
    """Print how good the ranking of judged listings is."""
    from matching.evaluation.ranked import print_quality

    print_quality(options.listings, options.judgements, peers=options.peers)


def generate(options: argparse.Namespace) -> None:
    """Write a synthetic market made from the knowledge base."""
    from matching.evaluation.simulate import write

    with Bar(options) as bar:
        write(
            options.companies,
            options.out_dir,
            seed=options.seed,
            vectors=options.vectors,
            progress=bar.stage,
        )


def benchmark(options: argparse.Namespace) -> None:
    """Print speed, memory and exactness beside other libraries."""
    from matching.evaluation.benchmark import run

    run(
        options.companies,
        peers=options.peers,
        engine=options.engine,
        repeats=options.repeats,
        out=options.json,
    )


def _market(options: argparse.Namespace) -> Any:
    """Read, check and vectorise the files of a command."""
    from matching.inputs import read_inputs
    from matching.market import Market
    from matching.topics import TopicModel
    from matching.vectors import load, vectorise

    inputs = read_inputs(
        options.listings,
        options.companies,
        getattr(options, "history", None),
        as_of=options.date,
    )
    model = TopicModel.load()
    if options.vectors is not None:
        ids = [one.id for one in inputs.listings]
        vectors = load(options.vectors, ids, model.version)
    else:
        with Bar(options) as bar:
            n = max(len(inputs.listings), 1)
            vectors = vectorise(
                inputs.listings, model, lambda done: bar.stage("texts", done / n)
            )
    return Market.of(
        inputs.listings,
        inputs.companies,
        inputs.history,
        vectors,
        as_of=inputs.as_of,
    )


class Bar:
    """A progress bar per stage, on a terminal only."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._hidden = options.quiet or not sys.stderr.isatty()
        self._bar: Any = None
        self._stage = ""

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def stage(self, name: str, share: float) -> None:
        """Show how much of a stage is done."""
        if self._hidden:
            return
        from tqdm import tqdm

        if name != self._stage:
            self.__exit__()
            self._bar = tqdm(total=100, desc=name, unit="%", leave=False)
            self._stage = name
        self._bar.update(round(100 * share) - self._bar.n)


def shown(
    items: Iterable[ItemT],
    options: argparse.Namespace,
    name: str,
    total: int | None = None,
) -> Iterable[ItemT]:
    """Return the items, with a progress bar on a terminal."""
    if options.quiet or not sys.stderr.isatty():
        return items
    from tqdm import tqdm

    bar: Iterable[ItemT] = tqdm(items, desc=name, total=total, leave=False)
    return bar


if __name__ == "__main__":
    sys.exit(main())
