"""The manifest of a round as it is stored: our ids in place of the run's names."""

from typing import Any

from app.services.rounds_market import Register

Record = dict[str, Any]


def readable(manifest: Record, register: Register) -> Record:
    """The manifest of a plan, with ids of companies and listings as texts.

    What an engine does not tell (an empty market has neither circles nor rings) is
    told as empty, so that "none were found" differs from "an older round".
    """
    company, listing = _texts(register.company_ids), _texts(register.listing_ids)
    rings = manifest.get("rings", {})
    return manifest | {
        "promise_broken": [company[one] for one in manifest.get("promise_broken", [])],
        "circles": [
            _circle(one, company, listing) for one in manifest.get("circles", [])
        ],
        "rings": {
            "count": rings.get("count", 0),
            "complete": rings.get("complete", True),
            "listed": [
                one
                | {"helps": [_help(step, company, listing) for step in one["helps"]]}
                for one in rings.get("listed", [])
            ],
        },
    }


def _circle(one: Record, company: dict[str, str], listing: dict[str, str]) -> Record:
    companies = [company[name] for name in one["companies"]]
    return one | {
        "id": f"{one['topic']}:{companies[0]}",
        "companies": companies,
        "needs": [listing[name] for name in one["needs"]],
        "offerings": [
            near
            | {
                "offering": listing[near["offering"]],
                "company": company[near["company"]],
            }
            for near in one["offerings"]
        ],
    }


def _help(one: Record, company: dict[str, str], listing: dict[str, str]) -> Record:
    return one | {
        "from": company[one["from"]],
        "to": company[one["to"]],
        "need": listing[one["need"]],
        "offering": listing[one["offering"]],
    }


def _texts(ids: dict[str, Any]) -> dict[str, str]:
    return {name: str(identity) for name, identity in ids.items()}
