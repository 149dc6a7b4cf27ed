"""Records -> rows of JSON, in the format of the command line."""

from collections.abc import Sequence
from typing import Any

from matching.types import Match, Pair, Reason

Row = dict[str, Any]


def reason_row(one: Reason) -> Row:
    """Return a reason with its values beside the code."""
    return {"code": one.code, **one.values}


def match_row(one: Match) -> Row:
    """Return a match as it stands in a plan."""
    return {
        "need": one.need,
        "offering": one.offering,
        "from": one.giver,
        "to": one.taker,
        "score": one.score,
        "parts": parts_row(one),
        "reasons": [reason_row(reason) for reason in one.reasons],
    }


def parts_row(one: Match) -> Row:
    """Return the factors of a score by name."""
    parts = one.parts
    return {
        "topic": parts.topic,
        "text": parts.text,
        "region": parts.region,
        "help": parts.help,
        "fresh": parts.fresh,
    }


def pair_row(one: Pair) -> Row:
    """Return a line of plan.jsonl."""
    return {
        "a": one.a,
        "b": one.b,
        "score": one.score,
        "band": one.band,
        "slot": one.slot,
        "propensity": one.propensity,
        "matches": [match_row(match) for match in one.matches],
        "misfits": [reason_row(reason) for reason in one.misfits],
    }


def rank_row(need: str, matches: Sequence[Match]) -> Row:
    """Return a line of ranks.jsonl."""
    return {
        "need": need,
        "offerings": [
            {
                "offering": one.offering,
                "score": one.score,
                "parts": parts_row(one),
                "reasons": [reason_row(reason) for reason in one.reasons],
            }
            for one in matches
        ],
    }
