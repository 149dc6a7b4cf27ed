"""One door to numba: compiled kernels where it is there, plain Python elsewhere.

A kernel is a function over arrays, decorated with `@njit(...)` from here. With
numba it is compiled once, cached on disk and runs without the interpreter lock;
without numba, or with HANDSCHLAG_NO_NUMBA=1, the very same function runs as plain
Python: slow, but with the same result, which the tests compare. To keep that
promise a kernel says its types (`np.float64(x)`), sums in a fixed order and uses
no `fastmath`.
"""

import gc
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]
Array = npt.NDArray[Any]
Whole = Any  # a whole number inside a kernel, Python's or of some width
Record = Any  # one record of an array inside a kernel
Records = Any  # an array of records; its fields are columns

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

COMPILED: bool
prange: Any

try:
    if os.environ.get("HANDSCHLAG_NO_NUMBA", "") not in ("", "0"):
        raise ImportError("HANDSCHLAG_NO_NUMBA is set")
    import numba
    import numba.core.event
except ImportError:
    COMPILED = False
    prange = range
else:
    COMPILED = True
    prange = numba.prange
    _compiling = numba.core.event.RecordingListener()
    numba.core.event.register("numba:compile", _compiling)


def _cache_folder() -> str:
    """Return a folder for compiled kernels that belongs to this very source.

    numba looks at the file of a kernel alone. A kernel that calls one of another
    file would stay as it was when only that other file changes.
    """
    digest = hashlib.sha256()
    home = Path(__file__).parent
    for file in sorted(home.glob("*.py")):
        source = file.read_bytes()
        if b"@njit" in source:
            digest.update(file.name.encode() + b"\0" + source)
    return str(home / "__pycache__" / f"kernels-{digest.hexdigest()[:12]}")


if COMPILED and not numba.config.CACHE_DIR:
    numba.config.CACHE_DIR = _cache_folder()


def njit(**options: Any) -> Callable[[Kernel], Kernel]:
    """Compile a kernel, or leave it as it is where numba is missing.

    Parameters
    ----------
    **options
        As of `numba.njit`; `cache=True` and `nogil=True` unless told otherwise.

    Returns
    -------
    callable
        Decorator. The plain function stays reachable by `plain(kernel)`.

    Notes
    -----
    Where no folder for the cache can be written, the kernel is compiled anew in
    each process instead of failing at import.

    Examples
    --------
    >>> @njit(cache=False)
    ... def double(x):
    ...     return 2 * x
    >>> double(21)
    42
    """
    # Divisions by zero are excluded by the kernels themselves, not tested for.
    options = {"cache": True, "nogil": True, "error_model": "numpy"} | options

    def decorate(kernel: Kernel) -> Kernel:
        if not COMPILED:
            return kernel
        try:
            compiled: Kernel = numba.njit(**options)(kernel)
        except RuntimeError:  # "cannot cache function …: no locator available"
            compiled = numba.njit(**(options | {"cache": False}))(kernel)
        return compiled

    return decorate


def collect_leftovers() -> None:
    """Free what compiling kept alive, if something was compiled since last time.

    The compiler tries and fails a lot, and each failure remembers all callers with
    their arrays: 5 GB of a round of 300,000 companies. Cycles hold them, so that only
    the garbage collector frees them; a round keeps it off.
    """
    if COMPILED and _compiling.buffer:
        _compiling.buffer.clear()
        gc.collect()


def plain(kernel: Kernel) -> Kernel:
    """Return the uncompiled function behind a kernel, to compare results."""
    function: Kernel = getattr(kernel, "py_func", kernel)
    return function


@njit(inline="always")
def entries(start: Any, i: Any) -> Any:
    """Return the places of a sparse row's entries, as unsigned numbers.

    With others every access asks first whether it counts from the end of the array:
    half of the instructions of a product.
    """
    return range(np.uint64(start[i]), np.uint64(start[i + 1]))


@njit()
def keep_best(key: Any, n: Any, limit: Any) -> None:
    """Move the `limit` largest of key[:n] to the front, in no order (quickselect)."""
    low, high = 0, n - 1
    while low < high:
        pivot = key[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while key[i] > pivot:
                i += 1
            while key[j] < pivot:
                j -= 1
            if i <= j:
                key[i], key[j] = key[j], key[i]
                i += 1
                j -= 1
        if limit - 1 <= j:
            high = j
        elif limit - 1 >= i:
            low = i
        else:
            break
