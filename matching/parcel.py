"""What blocks share, on its way to a worker: in a message, or in common memory.

Workers on the sender's machine map the sender's memory: nothing is encrypted,
copied or kept twice. To all others the bytes are sent.
"""

import io
import mmap
import os
import pickle
import secrets
import weakref
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from distributed.protocol import dask_deserialize, dask_serialize

_LINE = 64  # bytes; every array begins with a line of the cache
_AT_ONCE = 1 << 30  # bytes; the system writes less than two of these in a call
_TOKEN = 16  # bytes at the beginning, which tell that it is the sender's memory


class UnreachableError(Exception):
    """The memory that was to be mapped is another machine's, or gone."""


class Place(NamedTuple):
    """Memory of another process of this machine, with some buffers."""

    path: str
    token: bytes
    sizes: list[int]  # bytes of each buffer

    @property
    def begins(self) -> list[int]:
        """Where each buffer begins and, last, where the memory ends."""
        room = (-(-size // _LINE) * _LINE for size in self.sizes)
        return list(accumulate(room, initial=_LINE))

    def buffers(self) -> list[Any]:
        """Map them. Writing to them is allowed and seen by nobody else.

        Raises UnreachableError if this is not the sender's machine.
        """
        try:
            with open(self.path, "rb") as file:
                memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        except (OSError, ValueError) as problem:
            raise UnreachableError(self.path) from problem
        if memory[:_TOKEN] != self.token:
            raise UnreachableError(self.path)
        whole = np.frombuffer(memory, np.uint8)
        pairs = zip(self.begins, self.sizes, strict=False)
        return [whole[begin : begin + size] for begin, size in pairs]


class _Pickler(pickle.Pickler):
    """Keeps arrays of records apart as well; numpy does so with plain arrays only."""

    def reducer_override(self, one: Any) -> Any:
        if type(one) is np.recarray:
            return np.ndarray.view, (one.view(np.ndarray), np.recarray)
        return NotImplemented


class Parcel:
    """An object whose arrays travel, or stay where they are, apart from the rest.

    Arrays that arrive inside a message begin at any byte. Kernels would be compiled
    anew for such arrays and run slower, so each gets memory of its own on arrival,
    once per worker.
    """

    def __init__(
        self, head: bytes, buffers: Sequence[Any], place: Place | None = None
    ) -> None:
        self.head = head
        self.buffers = buffers
        self.place = place

    @classmethod
    def of(cls, content: object) -> "Parcel":
        """Pack an object; its arrays stay where they are."""
        buffers: list[pickle.PickleBuffer] = []
        head = io.BytesIO()
        _Pickler(head, protocol=5, buffer_callback=buffers.append).dump(content)
        parts = [np.frombuffer(part.raw(), np.uint8) for part in buffers]
        return cls(head.getvalue(), parts)

    def in_common_memory(self) -> "Parcel":
        """Copy the arrays to memory that other processes of this user can map.

        It has no name in any folder, and goes when the parcel and all maps of it
        have gone, however their processes end.
        """
        file = os.memfd_create("handschlag")
        token = secrets.token_bytes(_TOKEN)
        path = f"/proc/{os.getpid()}/fd/{file}"
        place = Place(path, token, [part.nbytes for part in self.buffers])
        os.truncate(file, place.begins[-1])
        os.pwrite(file, token, 0)
        # Half the time of writing to a map, whose pages would be asked for singly.
        for begin, part in zip(place.begins, self.buffers, strict=False):
            for at in range(0, part.nbytes, _AT_ONCE):
                os.pwrite(file, part[at : at + _AT_ONCE], begin + at)
        placed = Parcel(self.head, (), place)
        weakref.finalize(placed, os.close, file)
        return placed

    @cached_property
    def content(self) -> Any:
        """The object again; unpacked once, then kept."""
        buffers = self.buffers if self.place is None else self.place.buffers()
        return pickle.loads(self.head, buffers=buffers)  # noqa: S301 - our own


def can_map(place: Place) -> bool:
    """Return whether this process can map the memory of another."""
    try:
        place.buffers()
    except UnreachableError:
        return False
    return True


def _to_frames(parcel: Parcel) -> tuple[dict[str, Any], list[Any]]:
    return {"place": parcel.place}, [parcel.head, *parcel.buffers]


def _from_frames(header: dict[str, Any], frames: list[Any]) -> Parcel:
    head, *buffers = frames
    place = header["place"] and Place(*header["place"])
    return Parcel(bytes(head), [np.array(part, np.uint8) for part in buffers], place)


dask_serialize.register(Parcel)(_to_frames)
dask_deserialize.register(Parcel)(_from_frames)
