"""What `make run` does after installing: migrate, fill, serve, until Ctrl-C.

Everything lives in DATA_DIR; nothing leaves the machine: mails are shown at /demo/mail.
"""

import hashlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

SECONDS_TO_ANSWER = 60
SECONDS_TO_STOP = 15
PYTHON = sys.executable


def main() -> int:
    port = int(os.environ.get("PORT") or 8000)
    folder = Path(os.environ.get("DATA_DIR") or "var").absolute()
    if is_taken(port):
        print(
            f"Port {port} is in use already. Choose another one: make run PORT=8010",
            file=sys.stderr,
        )
        return 1
    environment = surroundings(folder, port)
    failed = prepare(environment, folder)
    return failed or serve(environment, port)


def prepare(environment: Mapping[str, str], folder: Path) -> int:
    """Migrate and fill, unless this very code has done so with this very database."""
    mark, now = folder / "prepared", fingerprint()
    own = (folder / "handschlag.sqlite").exists() and not environment.get(
        "DATABASE_URL"
    )
    if own and mark.exists() and mark.read_text() == now:
        return 0
    done = subprocess.run([PYTHON, "-m", "tools.prepare"], env=environment, check=False)
    if not done.returncode:
        mark.write_text(now)
    return done.returncode


def fingerprint() -> str:
    """What the tables, the topics and the demo are made of, as one number."""
    digest = hashlib.sha256()
    for folder in ("migrations", "app/demo", "app/models", "matching/knowledge"):
        for file in sorted(Path(folder).rglob("*")):
            if file.suffix in (".py", ".yaml"):
                digest.update(str(file).encode() + file.read_bytes())
    return digest.hexdigest()


def surroundings(folder: Path, port: int) -> dict[str, str]:
    """The environment of a demo; what the caller has set already stays."""
    folder.mkdir(parents=True, exist_ok=True)
    defaults = {
        "SECRET_KEY": secret(folder / "secret"),
        "BASE_URL": f"http://localhost:{port}",
        "DEVELOPMENT": "1",
        "DEMO": "1",
        "ALLOW_NO_TOTP": "1",
        "FLASK_APP": "wsgi",
    }
    fixed = {"DATA_DIR": str(folder), "PORT": str(port)}
    return {**defaults, **os.environ, **fixed}


def secret(path: Path) -> str:
    """A secret drawn once and kept beside the data, readable by the owner only."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32))
    return path.read_text()


def serve(environment: Mapping[str, str], port: int) -> int:
    """Run web and worker until one ends or somebody ends us."""
    children = [
        start([PYTHON, "-m", "gunicorn", "wsgi:application"], environment),
        start(flask("worker"), environment),
    ]
    signal.signal(signal.SIGTERM, stop_waiting)
    try:
        wait_for_answer(port, children)
        print(f"\nHandschlag is at http://localhost:{port}", flush=True)
        subprocess.run(flask("demo links"), env=environment, check=False)
        print("Ctrl-C ends it.", flush=True)
        while all(child.poll() is None for child in children):
            time.sleep(0.5)
        print(
            "A part of the service ended by itself; ending the rest.", file=sys.stderr
        )
        return 1
    except KeyboardInterrupt:
        return 0
    except TimeoutError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        end(children)


def start(
    command: list[str], environment: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    # A session of its own: Ctrl-C reaches only us, and we end the children in order.
    return subprocess.Popen(command, env=environment, start_new_session=True)


def flask(command: str) -> list[str]:
    return [PYTHON, "-m", "flask", *command.split()]


def stop_waiting(*_: object) -> None:
    raise KeyboardInterrupt


def wait_for_answer(port: int, children: list["subprocess.Popen[bytes]"]) -> None:
    until = time.monotonic() + SECONDS_TO_ANSWER
    while time.monotonic() < until:
        if any(child.poll() is not None for child in children):
            raise TimeoutError("The service ended while starting; see above.")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"No answer on port {port} after {SECONDS_TO_ANSWER} seconds.")


def is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def end(children: list["subprocess.Popen[bytes]"]) -> None:
    """Ask every child to end, and make those that do not."""
    for child in children:
        signal_group(child, signal.SIGTERM)
    until = time.monotonic() + SECONDS_TO_STOP
    for child in children:
        try:
            child.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            signal_group(child, signal.SIGKILL)
            child.wait()


def signal_group(child: "subprocess.Popen[bytes]", number: int) -> None:
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        return


if __name__ == "__main__":
    sys.exit(main())
