"""Places: typed text finds the one that is meant."""

import time

import pytest

from app.services import places
from app.services.places import Ambiguous, Place


def test_every_state_has_places_inside_germany():
    everywhere = places.everywhere()

    assert len(everywhere) > 11_000
    assert {place.state for place in everywhere} == set(places.STATE_NAMES)
    assert all(47 < place.lat < 56 and 5 < place.lon < 16 for place in everywhere)


@pytest.mark.parametrize(
    ("typed", "label"),
    [
        ("Ulm", "Ulm (Baden-Württemberg)"),
        ("ulm", "Ulm (Baden-Württemberg)"),
        ("Muenchen", "München (Bayern)"),
        ("Munich", "München (Bayern)"),
        ("St. Augustin", "Sankt Augustin (Nordrhein-Westfalen)"),
        ("Köln", "Köln (Nordrhein-Westfalen)"),
        ("Frankfurt am Main (Hessen)", "Frankfurt am Main (Hessen)"),
    ],
)
def test_typed_names_are_understood(typed: str, label: str):
    found = places.resolve(typed)

    assert isinstance(found, Place)
    assert found.label == label


def test_a_name_of_several_places_is_asked_back():
    found = places.resolve("Neustadt")

    assert isinstance(found, Ambiguous)
    sizes = [place.population for place in found.places]
    assert len(sizes) > 2
    assert sizes == sorted(sizes, reverse=True)


def test_nothing_is_found_for_nonsense():
    assert places.resolve("Xqwertz") is None
    assert places.resolve("  ") is None
    assert places.search("") == []


@pytest.mark.parametrize(
    ("typed", "first"),
    [("Stuttg", "Stuttgart"), ("Nürnbreg", "Nürnberg"), ("duesseld", "Düsseldorf")],
)
def test_beginnings_and_misspellings_are_found(typed: str, first: str):
    found = places.search(typed)

    assert found[0].name == first
    assert len(found) <= 8


def test_search_is_quick_enough_to_follow_typing():
    places.search("warm")

    begun = time.perf_counter()
    for typed in ("Ham", "Hamb", "Bad N", "Xqwertz"):
        places.search(typed)

    assert (time.perf_counter() - begun) / 4 < 0.1
