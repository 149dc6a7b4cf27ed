"""What must hold between records: ids are unique, references lead somewhere."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from matching.errors import BadRow
from matching.knowledge import Knowledge
from matching.types import Company, Listing, Meeting

Where = Callable[[str, int], tuple[str, int]]


def by_number(kind: str, at: int) -> tuple[str, int]:
    """Name a record by its kind and place, where no file is known."""
    return kind, at + 1


def contradictions(
    listings: Sequence[Listing],
    companies: Sequence[Company],
    history: Sequence[Meeting],
    knowledge: Knowledge,
    where: Where = by_number,
) -> Iterator[BadRow]:
    """Yield what is wrong between the records.

    Parameters
    ----------
    where : callable
        Gives file and line of "listings", "companies" or "history" number `at`.
    """
    firms = {one.id for one in companies}
    yield from _twice("companies", (one.id for one in companies), where)
    yield from _twice("listings", (one.id for one in listings), where)
    for at, listing in enumerate(listings):
        for field, why in _listing_problems(listing, firms, knowledge):
            yield BadRow(*where("listings", at), field, why)
    for at, company in enumerate(companies):
        for field, why in _company_problems(company, firms, knowledge):
            yield BadRow(*where("companies", at), field, why)
    for at, meeting in enumerate(history):
        for field, name in (("a", meeting.a), ("b", meeting.b)):
            if name not in firms:
                yield BadRow(*where("history", at), field, f"unknown company {name!r}")


def _twice(kind: str, ids: Iterable[str], where: Where) -> Iterator[BadRow]:
    seen: set[str] = set()
    for at, one in enumerate(ids):
        if one in seen:
            yield BadRow(*where(kind, at), "id", f"{one!r} is there twice")
        seen.add(one)


def _listing_problems(
    one: Listing, firms: set[str], knowledge: Knowledge
) -> Iterator[tuple[str, str]]:
    if one.company is not None and one.company not in firms:
        yield "company", f"unknown company {one.company!r}"
    if one.company is None and one.id in firms:
        yield "company", f"missing, and {one.id!r} is a company of its own"
    for topic in one.topics or ():
        if topic not in knowledge.topic:
            yield "topics", f"unknown topic {topic!r}"
    for kind in one.help:
        if kind not in knowledge.help_kind:
            yield "help", f"unknown kind of help {kind!r}"


def _company_problems(
    one: Company, firms: set[str], knowledge: Knowledge
) -> Iterator[tuple[str, str]]:
    if one.state is not None and one.state not in knowledge.state:
        yield "state", f"unknown state {one.state!r}"
    if one.size is not None and one.size not in {s.id for s in knowledge.size_classes}:
        yield "size", f"unknown size class {one.size!r}"
    for other in one.avoid:
        if other not in firms:
            yield "avoid", f"unknown company {other!r}"
