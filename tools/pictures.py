"""The pictures in docs/, taken from a demo association made for them.

`make screenshots` runs it: a fresh demo on a free port,
one picture per screen, the end.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, sync_playwright

from tools.screenshots import launch, signed_in

DOCS = Path("docs")
LINK = re.compile(r"(Member|Organizer)\s+(http\S+)")
READY = "Ctrl-C ends it."


class Picture(NamedTuple):
    """What a picture shows."""

    name: str
    who: str  # Member, Organizer, or empty for a visitor
    path: str
    width: int
    height: int


PICTURES = (
    Picture("front", "", "/", 1280, 900),
    Picture("week", "Member", "/week", 1280, 1100),
    Picture("week-phone", "Member", "/week", 360, 1500),
    Picture("search", "Member", "/search", 1280, 1000),
    Picture("round", "Organizer", "/organize/round", 1280, 1100),
    Picture("quality", "Organizer", "/organize/quality", 1280, 1300),
    Picture("radar", "Organizer", "/organize/radar", 1280, 900),
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"DATA_DIR": folder, "PORT": str(free_port())}
        demo = subprocess.Popen(
            [sys.executable, "-m", "tools.run"],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            links = read_links(demo)
            with sync_playwright() as playwright:
                browser = launch(playwright)
                for who in ("", "Member", "Organizer"):
                    take(browser, who, links)
                browser.close()
        finally:
            demo.send_signal(signal.SIGTERM)
            demo.wait()


def read_links(demo: "subprocess.Popen[str]") -> dict[str, str]:
    """Wait until the demo is served; the one-time links it prints."""
    said = []
    for line in demo.stdout or ():
        said.append(line)
        if READY in line:
            return dict(LINK.findall("".join(said)))
    raise SystemExit("The demo ended before it was served:\n" + "".join(said))


def take(browser: Browser, who: str, links: dict[str, str]) -> None:
    """Take all pictures of what one person sees; who nobody is visits."""
    address = next(iter(links.values()))
    base = address[: address.index("/sign-in/")]
    # Without motion: charts stand still when the picture is taken.
    context = browser.new_context(
        base_url=base,
        locale="de-DE",
        reduced_motion="reduce",
        storage_state=signed_in(browser, links.get(who)),
    )
    page = context.new_page()
    for one in PICTURES:
        if one.who != who:
            continue
        page.set_viewport_size({"width": one.width, "height": one.height})
        page.goto(one.path)
        page.wait_for_selector("body[data-ready]", state="attached")
        page.wait_for_load_state("networkidle")  # charts have fetched their figures
        page.screenshot(path=DOCS / f"{one.name}.png")
        print(DOCS / f"{one.name}.png")
    context.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
