"""Numbers that stand for companies, the same on every machine."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def company_keys(ids: Sequence[str]) -> NDArray[np.uint64]:
    """Return a number per company id, the same on every machine, for `explore`."""
    digests = (
        hashlib.blake2b(id_.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        for id_ in ids
    )
    return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)
