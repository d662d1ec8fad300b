"""Commands of another process: lists of arguments as JSON on stdin, [status, messages] of each on stdout."""

import contextlib
import io
import json
import sys

from GuideGenLib.cli.main import main

if __name__ == "__main__":
    ended = []
    for arguments in json.load(sys.stdin):
        messages = io.StringIO()
        with contextlib.redirect_stderr(messages), contextlib.redirect_stdout(io.StringIO()):
            try:
                status: object = main(arguments)
            except SystemExit as error:
                status = error.code
        ended.append([status, messages.getvalue()])
    json.dump(ended, sys.stdout)
