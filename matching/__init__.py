"""The matching engine: files or arrays in, files or arrays out."""

from typing import TYPE_CHECKING, Any

__version__ = "1.0.0"

__all__ = ["Market", "Plan", "Settings", "plan", "rank"]

_HOMES = {
    "Market": "matching.market",
    "Plan": "matching.outcome",
    "Settings": "matching.settings",
    "plan": "matching.pipeline",
    "rank": "matching.ranking",
}

if TYPE_CHECKING:
    from matching.market import Market
    from matching.outcome import Plan
    from matching.pipeline import plan
    from matching.ranking import rank
    from matching.settings import Settings


def __getattr__(name: str) -> Any:
    """Import public names when they are asked for: numba takes a second to load."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
