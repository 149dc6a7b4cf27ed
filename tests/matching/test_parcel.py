"""What blocks share arrives whole, in a message or in common memory."""

import gc
import os

import numpy as np
import pytest
from distributed.protocol import deserialize, serialize

from matching.parcel import Parcel, Place, UnreachableError, can_map


@pytest.fixture
def content():
    return {
        "name": "Köln",
        "numbers": np.arange(1001),
        "none": np.zeros((0, 3)),
        "records": np.rec.fromarrays([range(500), np.ones(500)], names="at,size"),
    }


def arrived(parcel):
    return deserialize(*serialize(parcel)).content


@pytest.mark.parametrize("common", [False, True])
def test_arrives_as_it_was(content, common):
    parcel = Parcel.of(content)

    found = arrived(parcel.in_common_memory() if common else parcel)

    assert found["name"] == "Köln"
    assert np.array_equal(found["numbers"], content["numbers"])
    assert found["none"].shape == (0, 3)
    assert type(found["records"]) is np.recarray
    assert np.array_equal(found["records"], content["records"])


def test_mapped_arrays_begin_with_a_line_of_the_cache_and_may_be_written(content):
    placed = Parcel.of(content).in_common_memory()

    numbers = arrived(placed)["numbers"]
    numbers[:] = 7

    assert numbers.ctypes.data % 64 == 0
    assert np.array_equal(arrived(placed)["numbers"], content["numbers"])


def test_a_message_carries_no_array_that_is_mapped(content):
    arrays = content["numbers"].nbytes, content["records"].nbytes
    placed = Parcel.of(content).in_common_memory()

    _, frames = serialize(placed)

    assert sum(map(len, frames)) < 1000 < min(arrays)


def test_memory_stays_with_those_who_have_mapped_it_and_then_goes(content):
    placed = Parcel.of(content).in_common_memory()
    place = placed.place
    found = arrived(placed)

    del placed
    gc.collect()

    assert np.array_equal(found["numbers"], content["numbers"])
    assert not os.path.exists(place.path)
    with pytest.raises(UnreachableError):
        place.buffers()


def test_memory_of_somebody_else_is_not_taken(content):
    own = Parcel.of(content).in_common_memory().place
    other = Parcel.of(content).in_common_memory()

    strange = Place(other.place.path, own.token, other.place.sizes)

    assert can_map(other.place)
    assert not can_map(strange)
    with pytest.raises(UnreachableError):
        strange.buffers()
