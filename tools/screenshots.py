"""Pictures of pages in Chromium: `python -m tools.screenshots URL PATH… --out FOLDER`.

Every page in two widths, both colour modes and both languages unless told otherwise.
Also reports what the browser complains about, what leaves the site, and sideways
scrolling, so that a look at the pictures is a look at the page's health as well.
"""

import argparse
import re
import shutil
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import (
    Browser,
    BrowserContext,
    Playwright,
    StorageState,
    sync_playwright,
)

CHROMIUM_FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
    *("--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
SIDEWAYS = """() => {
    const page = document.documentElement;
    return page.scrollWidth - page.clientWidth;
}"""


class View(NamedTuple):
    """How a page is looked at."""

    width: int
    mode: str
    language: str

    def file(self, path: str) -> str:
        name = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "start"
        return f"{name}-{self.width}-{self.mode}-{self.language}.png"


def main() -> None:
    options = read_options()
    options.out.mkdir(parents=True, exist_ok=True)
    views = [
        View(*one) for one in product(options.widths, options.modes, options.languages)
    ]
    problems = []
    with sync_playwright() as playwright:
        browser = launch(playwright)
        state = signed_in(browser, options.sign_in)
        for view in views:
            problems += take(browser, view, options, state)
        browser.close()
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(views) * len(options.paths)} pictures in {options.out}")
    sys.exit(bool(problems))


def take(
    browser: Browser, view: View, options: argparse.Namespace, state: StorageState
) -> Iterator[str]:
    """Take each page in this view; yields what was wrong."""
    context = browser.new_context(
        base_url=options.url,
        viewport={"width": view.width, "height": options.height},
        color_scheme=view.mode,
        locale="de-DE" if view.language == "de" else "en-GB",
        java_script_enabled=not options.no_script,
        storage_state=state,
    )
    found: list[str] = []
    watch(context, options.url, found)
    page = context.new_page()
    for path in options.paths:
        page.goto(path)
        if not options.no_script:
            page.wait_for_selector("body[data-ready]", state="attached")
        page.wait_for_load_state("networkidle")  # charts have fetched their figures
        overflow = page.evaluate(SIDEWAYS)
        if overflow > 0:
            found.append(f"{overflow} px sideways")
        page.screenshot(path=options.out / view.file(path), full_page=not options.fold)
        yield from (f"{path} {tuple(view)}: {one}" for one in found)
        found.clear()
    context.close()


def watch(context: BrowserContext, url: str, found: list[str]) -> None:
    context.on(
        "console",
        lambda message: (
            found.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    context.on("weberror", lambda error: found.append(str(error.error)))

    def stay(route, request):  # type: ignore[no-untyped-def]
        if request.url.startswith((url, "data:")):
            return route.continue_()
        found.append(f"leaves the site: {request.url}")
        return route.abort()

    context.route("**/*", stay)


def launch(playwright: Playwright) -> Browser:
    """Start the machine's own Chromium."""
    return playwright.chromium.launch(
        executable_path=shutil.which("chromium"),
        args=CHROMIUM_FLAGS,
        chromium_sandbox=False,
    )


def signed_in(browser: Browser, link: str | None) -> StorageState:
    """Use a one-time link from `flask admin link`; what the browser keeps of it."""
    context = browser.new_context()
    if link:
        page = context.new_page()
        page.goto(link)
        page.locator("main button[type=submit]").click()
    state = context.storage_state()
    context.close()
    return state


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="address of a running service")
    parser.add_argument("paths", nargs="+", help="/usecases /listings …")
    parser.add_argument("--out", type=Path, default=Path("build/screenshots"))
    parser.add_argument("--sign-in", help="one-time link")
    parser.add_argument("--widths", type=int, nargs="+", default=[360, 1280])
    parser.add_argument("--height", type=int, default=900)
    parser.add_argument("--modes", nargs="+", default=["light", "dark"])
    parser.add_argument("--languages", nargs="+", default=["de", "en"])
    parser.add_argument("--no-script", action="store_true", help="without JavaScript")
    parser.add_argument("--fold", action="store_true", help="only what fits the window")
    return parser.parse_args()


if __name__ == "__main__":
    main()
