"""What the association can set about a round: weights, floors, limits, periods."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matching.errors import SettingsError
from matching.topics import TEXT_SHARE

# Of the judged pairs in tests/data/judged_dev.jsonl: five of six that fit reach the
# floor, of those from GOOD on every second fits, from STRONG on nineteen of twenty.
# `python -m matching.evaluation.bands` prints the table.
FLOOR = 0.15
GOOD = 0.24
STRONG = 0.40


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of a round; every field has a sound default.

    Shares and factors are in [0, 1], periods in days or weeks, distances in km.
    """

    text_share: float = TEXT_SHARE  # of the content; the topics have the rest
    floor: float = FLOOR  # directed matches that score less are none
    good: float = GOOD  # directed score (or its like, mutual) of the band
    strong: float = STRONG
    least_topic: float = 0.15  # topic cosine; words alone are no reason to meet
    per_need: int = 50  # offerings kept per need
    looked_at: int = 100  # offerings per need whose texts are compared
    explore_share: float = 0.1
    keep_promise: bool = True  # everyone is shown once in four rounds, if possible
    most_per_company: int = 5  # suggestions a round, however large its capacity
    other_way: float = 0.5  # what the weaker direction counts beside the stronger
    wrong_help: float = 0.6  # another kind of help than asked for
    unknown_help: float = 0.9  # a kind is asked for, the offering names none
    fresh_days: int = 30  # a listing is fresh until then
    stale_days: int = 180  # and no older than this counts
    stale: float = 0.7
    radius_km: int = 50  # of on-site help, where the listing names none
    edge: float = 0.3  # on-site help just within twice the radius
    bordering_state: float = 0.6
    other_state: float = 0.3
    national_far: float = 0.85  # 600 km away
    remote_far: float = 0.95
    weeks_declined: int = 26
    weeks_withdrawn: int = 26
    weeks_expired: int = 8
    weeks_connected: int = 104

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            _check(field.name, getattr(self, field.name), type(field.default))
        if not self.floor <= self.good <= self.strong:
            raise SettingsError("good: must lie between floor and strong")
        if self.stale_days <= self.fresh_days:
            raise SettingsError("stale_days: must be more than fresh_days")
        if self.looked_at < self.per_need:
            raise SettingsError("looked_at: must be at least per_need")

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Settings":
        """Return settings from a JSON object; what it does not name keeps its default.

        Raises
        ------
        SettingsError
            A name is unknown or a value out of range; the message begins with it.
        """
        known = {field.name: type(field.default) for field in dataclasses.fields(cls)}
        for name in values:
            if name not in known:
                raise SettingsError(f"{name}: unknown setting")
        given: dict[str, Any] = {
            name: float(value) if known[name] is float and type(value) is int else value
            for name, value in values.items()
        }
        return cls(**given)

    def to_json(self) -> dict[str, Any]:
        """Return all values by name, ready for JSON; the inverse of `of`."""
        return dataclasses.asdict(self)


_COUNTS = {
    "per_need": (1, 1000),
    "looked_at": (1, 10_000),
    "most_per_company": (0, 100),
    "fresh_days": (0, 3650),
    "stale_days": (1, 3650),
    "radius_km": (1, 1000),
}
_WEEKS = (0, 1040)


def _check(name: str, value: object, kind: type) -> None:
    if type(value) is not kind:
        raise SettingsError(f"{name}: must be {_KINDS[kind]}, not {value!r}")
    if kind is float and not (math.isfinite(value) and 0 <= value <= 1):  # type: ignore[arg-type,operator]
        raise SettingsError(f"{name}: must lie between 0 and 1, not {value!r}")
    if kind is int:
        least, most = _COUNTS.get(name, _WEEKS)
        if not least <= value <= most:  # type: ignore[operator]
            raise SettingsError(f"{name}: must lie in {least}..{most}, not {value!r}")


_KINDS = {float: "a number", int: "a whole number", bool: "true or false"}
