"""Build app/static/vendor from node_modules: what others made and we carry along.

`make vendor` runs `npm ci` and then this. The results are committed with their
licences and a manifest of checksums, so that the service needs no Node and a test
sees every change.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
MODULES = ROOT / "node_modules"
ENTRIES = ROOT / "tools" / "vendor_entries"
VENDOR = ROOT / "app" / "static" / "vendor"
MANIFEST = VENDOR / "manifest.json"

# Package -> the files made from it; the first version of a licence found is kept.
FILES = {
    "bootstrap": ["bootstrap.css"],
    "htmx.org": ["htmx.js"],
    "echarts": ["echarts.js"],
    "zrender": ["echarts.js"],
    "tslib": ["echarts.js"],
    "@fontsource-variable/source-sans-3": ["source-sans-3.woff2"],
    "@fontsource/source-serif-4": ["source-serif-4.woff2"],
}
COPIES = {
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "source-sans-3.woff2": (
        "@fontsource-variable/source-sans-3/files/source-sans-3-latin-wght-normal.woff2"
    ),
    "source-serif-4.woff2": (
        "@fontsource/source-serif-4/files/source-serif-4-latin-600-normal.woff2"
    ),
}
LICENCE_NAMES = ("LICENSE", "LICENSE.txt", "LICENSE.md", "CopyrightNotice.txt")


def main() -> None:
    if not MODULES.is_dir():
        sys.exit("node_modules is missing: run `make vendor`, it installs it first")
    shutil.rmtree(VENDOR, ignore_errors=True)
    (VENDOR / "licences").mkdir(parents=True)

    compile_style()
    bundle_charts()
    for name, source in COPIES.items():
        shutil.copyfile(MODULES / source, VENDOR / name)
    MANIFEST.write_text(json.dumps(manifest(), indent=2) + "\n")
    print(f"{len(list(VENDOR.glob('*.*')))} files in {VENDOR.relative_to(ROOT)}")


def compile_style() -> None:
    run(
        *("sass", "--quiet", "--no-source-map", "--style=compressed"),
        f"--load-path={MODULES / 'bootstrap' / 'scss'}",
        str(ENTRIES / "bootstrap.scss"),
        str(VENDOR / "bootstrap.css"),
    )


def bundle_charts() -> None:
    run(
        *("esbuild", str(ENTRIES / "echarts.js"), "--bundle", "--minify"),
        *("--format=iife", "--target=es2020", "--legal-comments=none"),
        f"--outfile={VENDOR / 'echarts.js'}",
    )


def run(program: str, *arguments: str) -> None:
    subprocess.run(
        [str(MODULES / ".bin" / program), *arguments],
        check=True,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )


def manifest() -> dict[str, object]:
    """Each file's checksum, and each package's version and licence."""
    packages = {}
    for package, files in FILES.items():
        about = json.loads((MODULES / package / "package.json").read_text())
        packages[package] = {
            "version": about["version"],
            "licence": about["license"],
            "licence_file": keep_licence(package),
            "files": files,
        }
    return {
        "files": {
            path.relative_to(VENDOR).as_posix(): hashlib.sha256(
                path.read_bytes()
            ).hexdigest()
            for path in sorted(VENDOR.rglob("*"))
            if path.is_file()
        },
        "packages": packages,
    }


def keep_licence(package: str) -> str:
    for name in LICENCE_NAMES:
        source = MODULES / package / name
        if source.is_file():
            kept = f"licences/{package.replace('@', '').replace('/', '-')}.txt"
            notice = MODULES / package / "NOTICE"  # the Apache licence asks for it
            with (VENDOR / kept).open("wb") as file:
                file.write(source.read_bytes())
                if notice.is_file():
                    file.write(b"\n" + notice.read_bytes())
            return kept
    raise FileNotFoundError(f"{package} comes without a licence")


if __name__ == "__main__":
    main()
