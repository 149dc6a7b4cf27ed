"""A small cluster on this machine: processes, certificates, and their end.

For `make dask-demo` and the tests. A real cluster starts the same two programs on
several machines; docs/distribution.md tells how.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from matching.engine import ONE_THREAD
from matching.engine_dask import DaskEngine
from matching.errors import EngineError

LOOPBACK = "127.0.0.1"
_STARTING = 60.0  # seconds that a process may take to start
# Where a worker is, a hundred times a second, whether it still answers, fifty times,
# and its memory, ten times: a fortieth of a round, and nobody looks here.
_UNWATCHED = {
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
    "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "1s",
    "DASK_DISTRIBUTED__WORKER__MEMORY__MONITOR_INTERVAL": "1s",
}


def make_certificates(folder: Path) -> tuple[str, str, str]:
    """Write an authority and a certificate for loopback, valid for a day.

    Returns the files of authority, certificate and key; the key is readable by
    its owner only. The authority's own key is forgotten.
    """
    authority_key = ec.generate_private_key(ec.SECP256R1())
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Handschlag demo")])
    host = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    authority = (
        _certificate(name, name, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    certificate = (
        _certificate(host, name, key.public_key())
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("localhost"), x509.IPAddress(ip_address(LOOPBACK))]
            ),
            critical=False,
        )
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return (
        _write(folder / "authority.pem", authority.public_bytes(pem)),
        _write(folder / "certificate.pem", certificate.public_bytes(pem)),
        _write(folder / "key.pem", secret),
    )


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
    )


def _write(path: Path, content: bytes) -> str:
    """Write a file that only its owner may read, from its first moment on."""
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
    ) as (file):
        file.write(content)
    return str(path)


class Cluster:
    """A scheduler and workers on loopback, ended when the `with` block ends.

    Workers are processes of one thread, without nanny: who is killed stays away.
    """

    def __init__(self, workers: int = 2, *, tls: bool = True) -> None:
        self.wanted = workers
        self._folder = tempfile.TemporaryDirectory(prefix="handschlag-cluster-")
        self.tls = make_certificates(self.folder) if tls else ()
        self.address = ""
        self.workers: list[subprocess.Popen[bytes]] = []
        self._scheduler: subprocess.Popen[bytes] | None = None

    @property
    def folder(self) -> Path:
        """Where certificates and logs are, as long as the cluster runs."""
        return Path(self._folder.name)

    def __enter__(self) -> "Cluster":
        try:
            self._start_scheduler()
            for _ in range(self.wanted):
                self.add_worker()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def connect(self, *, workers: int | None = None, mapped: bool = True) -> DaskEngine:
        """Return an engine, as soon as all (or so many) workers are there."""
        return DaskEngine.connect(
            self.address,
            tls=self.tls,
            workers=self.wanted if workers is None else workers,
            timeout=_STARTING,
            mapped=mapped,
        )

    def add_worker(self) -> None:
        """Start one more worker."""
        self.workers.append(
            self._start("worker", self.address, "--no-nanny", "--nthreads", "1")
        )

    def kill_worker(self, number: int = 0) -> None:
        """End a worker as a power cut would, by SIGKILL."""
        self.workers[number].kill()
        self.workers[number].wait()

    def stop(self) -> None:
        """End all processes that were started, and remove the folder."""
        processes = [*self.workers, *filter(None, [self._scheduler])]
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._folder.cleanup()

    def _start_scheduler(self) -> None:
        place = self.folder / "scheduler.json"
        protocol = "tls" if self.tls else "tcp"
        self._scheduler = self._start(
            *("scheduler", "--host", LOOPBACK, "--port", "0"),
            *("--protocol", protocol, "--scheduler-file", str(place)),
            # Should we be killed, the scheduler ends by itself, and workers with it.
            *("--idle-timeout", "15 minutes"),
        )
        until = time.monotonic() + _STARTING
        while time.monotonic() < until and self._scheduler.poll() is None:
            with suppress(OSError, ValueError, KeyError):
                self.address = str(json.loads(place.read_text())["address"])
                return
            time.sleep(0.05)
        raise EngineError(f"the scheduler did not start: {self._log('scheduler')}")

    def _start(self, role: str, *options: str) -> subprocess.Popen[bytes]:
        names = ("--tls-ca-file", "--tls-cert", "--tls-key")
        files = [part for pair in zip(names, self.tls, strict=False) for part in pair]
        log = self.folder / f"{role}-{len(self.workers)}.log"
        local = () if role == "scheduler" else ("--local-directory", str(self.folder))
        with log.open("wb") as file:
            return subprocess.Popen(  # noqa: S603 - our own interpreter and options
                [
                    *(sys.executable, "-m", f"distributed.cli.dask_{role}"),
                    *(*options, *files, *local, "--no-dashboard"),
                ],
                env=os.environ
                | ONE_THREAD
                | _UNWATCHED
                | {"PYTHONPATH": _source_folder()},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )

    def _log(self, role: str) -> str:
        logs = sorted(self.folder.glob(f"{role}-*.log"))
        lines = logs[-1].read_text(errors="replace").splitlines() if logs else []
        return " ".join(lines[-3:]) or "no log"


def _source_folder() -> str:
    """Return where `matching` is imported from, so that workers find it as well."""
    here = str(Path(__file__).resolve().parent.parent)
    return os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH", "")]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `python -m matching.cluster demo` or `… partition`."""
    from matching.cluster_demo import run  # needs all of the engine

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
