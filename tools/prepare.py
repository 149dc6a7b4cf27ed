"""Migrate, write the topics, fill the demo: in one process, which starts once."""

import sys

import click
from flask.cli import ScriptInfo

from wsgi import application

COMMANDS = (["migrate"], ["topics", "sync"], ["demo", "fill", "--if-empty"])


def main() -> int:
    script = ScriptInfo(create_app=lambda: application)
    for arguments in COMMANDS:
        try:
            application.cli.main(arguments, "flask", obj=script, standalone_mode=False)
        except click.ClickException as refused:
            refused.show()
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
