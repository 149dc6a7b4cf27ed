"""Trained weights on disk: found by version, written whole or not at all."""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from matching.text import Features
from matching.training import Weights
from matching.words import Compounds


def default_cache() -> Path:
    """Return the folder for trained weights: HANDSCHLAG_CACHE, or the user's own."""
    chosen = os.environ.get("HANDSCHLAG_CACHE")
    if chosen:
        return Path(chosen)
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "handschlag"


def load_or_train(cache: Path, version: str, train: Callable[[], Weights]) -> Weights:
    """Return the weights of a version from the cache, training them if need be.

    Of several processes that start at once one trains and the others wait for it.
    Where the cache cannot be written, the weights are trained and not kept.

    Parameters
    ----------
    cache : Path
        Folder, made if absent. Holds one folder per version.
    version : str
    train : callable
        Called when the version is not there.
    """
    folder = cache / f"topics-{version}"
    if folder.is_dir():
        return read(folder)
    try:
        with _only_one(cache):
            if not folder.is_dir():
                write(train(), folder)
            return read(folder)
    except OSError:
        return train()


def write(weights: Weights, folder: Path) -> None:
    """Write weights into a new folder: all of it appears at once, by renaming."""
    unfinished = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".topics-"))
    arrays: dict[str, npt.NDArray[Any]] = {
        "words": weights.features.words,
        "grams": weights.features.grams,
        "idf": weights.features.idf,
        "bias": weights.bias,
        "usual": weights.usual,
        "field": weights.field,
        "data": weights.matrix.data,
        "indices": weights.matrix.indices.astype(np.int32),
        "indptr": weights.matrix.indptr.astype(np.int32),
    }
    try:
        for name, array in arrays.items():
            np.save(unfinished / f"{name}.npy", array)
        rest = {
            "rare": float(weights.features.rare),
            "field_bias": weights.field_bias,
            "counts": weights.features.compounds.counts,
            "meanings": weights.features.meanings,
        }
        (unfinished / "rest.json").write_text(json.dumps(rest), encoding="utf-8")
        unfinished.rename(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def read(folder: Path) -> Weights:
    """Read weights; arrays are mapped, so that processes share their memory."""

    def array(name: str) -> npt.NDArray[Any]:
        mapped: npt.NDArray[Any] = np.load(folder / f"{name}.npy", mmap_mode="r")
        return mapped

    rest = json.loads((folder / "rest.json").read_text(encoding="utf-8"))
    features = Features(
        words=array("words"),
        grams=array("grams"),
        idf=array("idf"),
        rare=rest["rare"],
        compounds=Compounds(rest["counts"]),
        meanings={stem: tuple(names) for stem, names in rest["meanings"].items()},
    )
    bias = array("bias")
    matrix = sp.csr_array(
        (array("data"), array("indices"), array("indptr")),
        shape=(features.n_known, len(bias)),
        copy=False,
    )
    return Weights(
        features, matrix, bias, array("usual"), array("field"), rest["field_bias"]
    )


@contextmanager
def _only_one(cache: Path) -> Iterator[None]:
    """Hold the cache's lock; released by the system if the process dies."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
