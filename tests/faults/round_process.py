"""`flask round run` as a process that kills itself at a named point.

python -m tests.faults.round_process POINT WEEK INSTANT
"""

import os
import signal
import sys
from datetime import datetime

from app import cli_round, create_app
from app.services import rounds
from config import Settings

POINTS = (
    *("start", "claimed", "vectors", "read", "market"),
    *("planned", "before publishing", "fenced", "stored", "published"),
)


def main(point: str, week: str, instant: str) -> int:
    def die(reached: str) -> None:
        if reached == point:
            os.kill(os.getpid(), signal.SIGKILL)

    rounds.reached = die
    cli_round._now = lambda: datetime.fromisoformat(instant)
    app = create_app(Settings.from_environment(os.environ))
    result = app.test_cli_runner().invoke(args=["round", "run", "--week", week])
    sys.stdout.write(result.output)
    return result.exit_code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
