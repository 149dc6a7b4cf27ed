"""What a WSGI server imports: `gunicorn wsgi:application`."""

import os
import sys

from app import create_app
from config import BadSettings, Settings

try:
    settings = Settings.from_environment(os.environ)
except BadSettings as error:
    sys.exit(f"Handschlag does not start:\n{error}")

application = create_app(settings)
