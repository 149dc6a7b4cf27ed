"""Circles join companies that may and want to learn the same thing together."""

import dataclasses
import itertools
from datetime import date

import numpy as np
import pytest
import scipy.sparse as sp

from matching import circles, knowledge
from matching.market import Market
from matching.pipeline import plan
from matching.topics import TextVectors
from matching.types import Company, Listing

KNOWN = knowledge.load()
TOPICS = [topic.id for topic in KNOWN.topics]
N_CLASSES = len(TOPICS) + len(KNOWN.use_cases)
NUREMBERG = (49.45, 11.08)


def company(number, **fields):
    """Give each company a sector of its own, some kilometres apart."""
    place = {"lat": NUREMBERG[0] + number / 50, "lon": NUREMBERG[1]}
    return Company(f"c{number:02}", **{"sector": f"{10 + number}"} | place | fields)


def market(companies, *, needs=None, offerings=1, topic=3):
    """One need of the topic per company; offerings belong to the last company."""
    wanting = companies[:-1] if needs is None else needs
    listings = [
        Listing(f"need-{one.id}", "need", "x", company=one.id) for one in wanting
    ]
    listings += [
        Listing(f"offering-{at}", "offering", "x", company=companies[-1].id)
        for at in range(offerings)
    ]
    topics = np.zeros((len(listings), N_CLASSES), np.float32)
    topics[:, topic] = 1
    none = sp.csr_array((len(listings), 10), dtype=np.float32)
    vectors = TextVectors(sp.csr_array(topics), none, sp.csr_array(topics))
    return Market.of(listings, companies, [], vectors, as_of=date(2026, 11, 24))


def members(market):
    return [circle.companies for circle in circles.propose(market)]


def test_companies_with_the_same_need_form_a_circle_with_an_offering_nearby():
    companies = [company(at) for at in range(6)]

    (circle,) = circles.propose(market(companies))

    assert circle.topic == TOPICS[3]
    assert circle.companies == ("c00", "c01", "c02", "c03", "c04")
    assert circle.needs == tuple(f"need-{one}" for one in circle.companies)
    assert circle.offerings == (circles.Nearby("offering-0", "c05", 1.0),)
    assert 0.5 < circle.strength <= 1
    assert [reason.code for reason in circle.reasons] == [
        "topic",
        "within",
        "sectors",
        "nearby",
    ]


def test_round_tells_its_circles_in_the_manifest():
    one = market([company(at) for at in range(6)])

    found = plan(one).manifest["circles"]

    assert found == [circles.as_json(circle) for circle in circles.propose(one)]
    assert len(found) == 1


def test_pairs_that_an_organizer_dropped_share_no_circle():
    one = market([company(at) for at in range(6)])

    (found,) = plan(one, drops=[("c00", "c01")]).manifest["circles"]

    assert not {"c00", "c01"} <= set(found["companies"])


def test_three_are_too_few_and_more_than_six_become_two_circles():
    assert members(market([company(at) for at in range(4)])) == []

    many = members(market([company(at) for at in range(11)]))

    assert sorted(map(len, many)) == [4, 6]
    assert len(set(itertools.chain(*many))) == 10


def test_no_offering_nearby_no_circle():
    assert members(market([company(at) for at in range(6)], offerings=0)) == []


@pytest.mark.parametrize(
    ("change", "joins"),
    [
        ({}, True),
        ({"sector": "11"}, False),  # as company 1, and near it
        ({"sector": "11", "lat": 54.0}, True),  # far from it: other customers
        ({"sector": "11", "lat": 54.0, "no_competitors": True}, False),
        ({"avoid": ("c01",)}, False),
        ({"paused": True}, False),
        ({"capacity": 0}, False),
        ({"languages": ("en",)}, False),
    ],
)
def test_whoever_may_not_meet_a_member_stays_outside(change, joins):
    companies = [company(at, languages=("de",)) for at in range(6)]
    companies[0] = dataclasses.replace(companies[0], **change)

    (circle,) = circles.propose(market(companies))

    together = {"c00", "c01"} <= set(circle.companies)
    assert together is joins


def test_nearer_companies_come_together():
    companies = [company(at, lat=48.0 + 6 * (at % 2)) for at in range(13)]

    found = members(market(companies))

    assert sorted(found) == [
        ("c00", "c02", "c04", "c06", "c08", "c10"),
        ("c01", "c03", "c05", "c07", "c09", "c11"),
    ]


def test_order_of_records_does_not_matter():
    companies = [company(at) for at in range(12)]

    forward = circles.propose(market(companies, needs=companies[:-1]))
    backward = circles.propose(
        market(companies[-2::-1] + companies[-1:], needs=companies[-2::-1])
    )

    assert forward == backward


def test_company_is_in_two_circles_at_most():
    companies = [company(at) for at in range(6)]
    one = market(companies)
    needs, offerings = one.listings[: one.n_needs], one.listings[one.n_needs :]
    listings = [
        dataclasses.replace(listing, id=f"{listing.id}-{topic}")
        for topic in range(4)
        for listing in [*needs, *offerings]
    ]
    topics = np.zeros((len(listings), N_CLASSES), np.float32)
    for at in range(len(listings)):
        topics[at, at // 6] = 1
    none = sp.csr_array((len(listings), 10), dtype=np.float32)
    vectors = TextVectors(sp.csr_array(topics), none, sp.csr_array(topics))

    found = circles.propose(
        Market.of(listings, companies, [], vectors, as_of=one.as_of)
    )

    assert [circle.topic for circle in found] == TOPICS[:2]


def test_need_about_two_topics_is_in_one_circle():
    one = market([company(at) for at in range(6)])
    topics = np.zeros((len(one.listings), N_CLASSES), np.float32)
    topics[:, 3] = topics[:, 4] = 0.5**0.5
    none = sp.csr_array((len(topics), 10), dtype=np.float32)
    vectors = TextVectors(sp.csr_array(topics), none, sp.csr_array(topics))

    found = circles.propose(
        Market.of(one.listings, one.companies, [], vectors, as_of=one.as_of)
    )

    assert [circle.topic for circle in found] == TOPICS[3:4]


@pytest.mark.parametrize("lang", ["de", "en"])
def test_every_reason_has_a_sentence(lang):
    (circle,) = circles.propose(market([company(at) for at in range(6)]))

    said = [circles.sentence(reason, lang, KNOWN) for reason in circle.reasons]

    assert len(set(said)) == 4
    assert any("8 km" in one for one in said)


def test_circle_as_json_names_what_it_holds():
    (circle,) = circles.propose(market([company(at) for at in range(6)]))

    line = circles.as_json(circle)

    assert line["companies"] == list(circle.companies)
    assert line["offerings"][0]["offering"] == "offering-0"
    assert line["reasons"][0] == {"code": "topic", "values": {"topics": (TOPICS[3],)}}
