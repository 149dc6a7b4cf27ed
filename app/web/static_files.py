"""Static files: addresses that change with the content, long caching, gzip."""

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask, current_app, request, url_for
from werkzeug.wrappers import Response

A_YEAR = 365 * 24 * 3600
ZIPPED = {".css", ".js", ".svg", ".json", ".geojson", ".txt"}


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(static_url=static_url)
    app.after_request(keep_long_and_zip)


def static_url(filename: str) -> str:
    """The address of a file of app/static, with a mark of its content."""
    path = _path(filename)
    mark = _mark(path, path.stat().st_mtime_ns)
    return url_for("static", filename=filename, v=mark)


def keep_long_and_zip(response: Response) -> Response:
    if request.endpoint != "static" or response.status_code not in (200, 304):
        return response
    filename = (request.view_args or {})["filename"]
    marked = "v" in request.args or filename.endswith(".woff2")
    response.headers["Cache-Control"] = (
        f"public, max-age={A_YEAR}, immutable" if marked else "no-cache"
    )
    # Nothing in a static file depends on the visitor.
    response.headers.pop("Set-Cookie", None)
    path = _path(filename)
    if path.suffix in ZIPPED:
        response.vary.add("Accept-Encoding")
        if response.status_code == 200 and request.accept_encodings["gzip"] > 0:
            response.direct_passthrough = False
            response.set_data(_zipped(path, path.stat().st_mtime_ns))
            response.headers["Content-Encoding"] = "gzip"
            response.set_etag(response.get_etag()[0] or "", weak=True)
    return response


def _path(filename: str) -> Path:
    return Path(current_app.static_folder or "") / filename


@lru_cache(maxsize=256)
def _mark(path: Path, changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


@lru_cache(maxsize=64)
def _zipped(path: Path, changed: int) -> bytes:
    return gzip.compress(path.read_bytes(), 9, mtime=0)
