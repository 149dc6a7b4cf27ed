"""What the service carries of others, how large it is, how it is served."""

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parent.parent.parent / "app" / "static"
VENDOR = STATIC / "vendor"
MANIFEST = json.loads((VENDOR / "manifest.json").read_text())
LOCK = STATIC.parent.parent / "package-lock.json"

MOST_OWN_STYLE = 12 * 1024
MOST_FIRST_VISIT = 100 * 1000
FIRST_VISIT = (
    *("handschlag.css", "handschlag.js", "mark.svg", "favicon.svg"),
    *("vendor/bootstrap.css", "vendor/htmx.js"),
    *("vendor/source-sans-3.woff2", "vendor/source-serif-4.woff2"),
)


def test_every_vendored_file_is_the_one_of_the_manifest():
    found = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }

    assert found == MANIFEST["files"]


def test_every_vendored_package_is_locked_and_has_its_licence():
    locked = json.loads(LOCK.read_text())["packages"]

    for name, package in MANIFEST["packages"].items():
        assert locked[f"node_modules/{name}"]["version"] == package["version"]
        assert package["licence"]
        assert package["licence_file"] in MANIFEST["files"]
        assert set(package["files"]) <= set(MANIFEST["files"])
    assert "resolved" not in LOCK.read_text()


def test_the_first_visit_stays_within_its_budget(client):
    page = len(gzip.compress(client.get("/").data, 6))

    sizes = {name: size_on_the_wire(STATIC / name) for name in FIRST_VISIT}

    assert (STATIC / "handschlag.css").stat().st_size <= MOST_OWN_STYLE
    assert page + sum(sizes.values()) <= MOST_FIRST_VISIT, sizes


def size_on_the_wire(path: Path) -> int:
    content = path.read_bytes()
    return len(content if path.suffix == ".woff2" else gzip.compress(content, 9))


def test_nothing_of_ours_points_outside():
    for path in STATIC.glob("*.*"):
        if path.suffix in (".css", ".js", ".svg"):
            outside = re.findall(r"https?://[^\s\"')]+", path.read_text())
            assert set(outside) <= {"http://www.w3.org/2000/svg"}, path


def test_marked_files_are_kept_for_a_year_and_zipped(client):
    address = re.search(
        r'href="(/static/handschlag\.css\?v=\w+)"', client.get("/").text
    )

    response = client.get(address[1], headers={"Accept-Encoding": "gzip"})

    assert "immutable" in response.headers["Cache-Control"]
    assert response.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in response.headers["Vary"]
    plain = (STATIC / "handschlag.css").read_bytes()
    assert gzip.decompress(response.data) == plain
    assert client.get(address[1]).data == plain


def test_an_unchanged_file_is_not_sent_again(client):
    first = client.get("/static/handschlag.js", headers={"Accept-Encoding": "gzip"})

    again = client.get(
        "/static/handschlag.js",
        headers={"Accept-Encoding": "gzip", "If-None-Match": first.headers["ETag"]},
    )

    assert first.headers["Cache-Control"] == "no-cache"
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("name", ["../config.py", "nothing.css", "vendor/../../db.py"])
def test_other_files_are_not_served(client, name):
    assert client.get(f"/static/{name}").status_code == 404


def test_static_files_set_no_cookie(client):
    response = client.get("/static/handschlag.css")

    assert "Set-Cookie" not in response.headers
