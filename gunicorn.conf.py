"""How gunicorn serves the application: one process with threads by default.

SQLite has one writer, and the topic model is mapped once per process; with
PostgreSQL, WEB_WORKERS may be raised.
"""

import os

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "1"))
threads = int(os.environ.get("WEB_THREADS", "8"))
timeout = 60
graceful_timeout = 20
keepalive = 15
max_requests = 0
control_socket_disable = True
accesslog = None
errorlog = "-"
loglevel = os.environ.get("LOG_LEVEL", "warning")
forwarded_allow_ips = ""  # the application trusts proxies by its own setting


def post_worker_init(worker: object) -> None:
    """The first form shall be as quick as the tenth: the model loads meanwhile."""
    from app.services import topics

    topics.warm()
