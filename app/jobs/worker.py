"""The worker process: Huey's consumer, woken by the clock and by others."""

import logging
import signal
import threading
import time
from dataclasses import replace
from typing import Any

from app import db
from app.jobs.leases import leased
from app.jobs.queue import open_queue, with_tasks
from app.jobs.schedule import BY_NAME, SCHEDULE, Sweep, due_in
from app.jobs.work import Work

log = logging.getLogger(__name__)

THREADS = 3  # a round is computed while mails go on leaving
SECONDS_TO_FINISH = 25


def sweep_once(sweep: Sweep, work: Work) -> int:
    """Do one sweep if no other worker has it; what fails is logged and tried again."""
    try:
        with leased(sweep.name, at=work.clock(), lasting=sweep.lease) as mine:
            return sweep.do(work) if mine else 0
    except Exception:
        log.exception("sweep %s failed", sweep.name)
        return 0
    finally:
        db.remove()


def run(work: Work) -> None:
    """Serve until SIGTERM or SIGINT; then finish the mail in hand and go."""
    stop = threading.Event()
    work = replace(work, stopping=stop.is_set)
    queue = open_queue(work.settings)
    queue.flush()  # what was queued before is found again by the sweeps
    sweep: Any = None

    def do(name: str) -> None:
        if name in BY_NAME and not stop.is_set():
            sweep_once(BY_NAME[name], work)

    def tick() -> None:
        for one in due_in(int(time.time() // 60)):
            sweep(one.name)

    sweep = with_tasks(queue, do, tick)
    for one in SCHEDULE:
        sweep(one.name)
    consumer = queue.create_consumer(
        workers=THREADS,
        worker_type="thread",
        max_delay=1.0,
        shutdown_timeout=SECONDS_TO_FINISH,
    )
    consumer.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log.info("worker is ready")
    while not stop.wait(1.0):
        pass
    consumer.stop(graceful=True)
