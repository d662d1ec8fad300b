"""`guidegen`: one parser, one place where errors become messages."""

import argparse
import contextlib
import os
import signal
import sys
import threading
import warnings
from collections.abc import Sequence
from typing import NoReturn, TextIO

from GuideGenLib import __version__
from GuideGenLib.cli import cohort, edit, export, generate, importing, scene, serve, tools, web
from GuideGenLib.cli.generate import OpenGenerator
from GuideGenLib.cli.options import open_generator
from GuideGenLib.core.errors import FileWarning, GuideGenError
from GuideGenLib.core.progress import Cancelled

FAILED, CANCELLED = 2, 130
OUT_OF_MEMORY = (
    "not enough memory: close other programs, or use --region chest or --spacing 3 (`guidegen doctor` has figures)"
)


def main(argv: Sequence[str] | None = None, open_generator: OpenGenerator = open_generator) -> int:
    """Run a command and return its exit status: 0 done, 1 something is amiss, 2 a known error, 130 cancelled.

    `open_generator` opens the model of the parsed arguments. Errors that nobody foresaw keep their traceback.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    warnings.showwarning = _show
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminate)
    try:
        return _run(arguments, open_generator)
    except (KeyboardInterrupt, Cancelled):
        return _fail("cancelled, nothing was written", CANCELLED)
    except GuideGenError as error:
        return _fail(str(error), FAILED)
    except OSError as error:
        if error.filename is None:
            raise
        told = f"{os.fsdecode(error.filename)} cannot be used ({error.strerror})"
        return _fail(f"{told}: check its name, who may read and write it, and the room on its disk", FAILED)
    except (MemoryError, RuntimeError) as error:
        if not _out_of_memory(error):
            raise
        return _fail(OUT_OF_MEMORY, FAILED)


def _run(arguments: list[str], open_generator: OpenGenerator) -> int:
    try:
        args = build_parser(arguments).parse_args(arguments)
        return int(args.call(args, open_generator))
    finally:
        sys.stdout.flush()


def build_parser(arguments: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser. Training and evaluation, which import torch, are filled in only when `arguments` call them."""
    parser = argparse.ArgumentParser(
        prog="guidegen",
        description="A sentence about a patient becomes an editable anatomy and a CT of it. All output is synthetic.",
    )
    parser.add_argument("--version", action="version", version=f"guidegen {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")
    generate.add_parsers(commands)
    edit.add_parser(commands)
    scene.add_parser(commands)
    export.add_parser(commands)
    importing.add_parser(commands)
    cohort.add_parser(commands)
    web.add_parser(commands)
    serve.add_parser(commands)
    tools.add_parsers(commands)
    train = commands.add_parser("train", help="train the networks of a bundle")
    check = commands.add_parser("check", help="generate many prompts and print how well the rules are kept")
    evaluate = commands.add_parser("evaluate", help="measure a trained model and write a report")
    data = commands.add_parser("data", help="see, label and pack training data")
    called = next((argument for argument in arguments if not argument.startswith("-")), None)
    if called == "train":
        from GuideGenLib.cli.train import add_train_parsers, run_train

        add_train_parsers(train)
        train.set_defaults(call=lambda args, _: run_train(args))
    elif called == "data":
        from GuideGenLib.cli.data import add_data_parser, run_data

        add_data_parser(data)
        data.set_defaults(call=lambda args, _: run_data(args))
    elif called == "check":
        from GuideGenLib.evaluation.prompts.check import add_check_parser, run_check

        add_check_parser(check)
        check.set_defaults(call=lambda args, _: run_check(args))
    elif called == "evaluate":
        from GuideGenLib.evaluation.evaluate import add_evaluate_parser, run_evaluate

        add_evaluate_parser(evaluate)
        evaluate.set_defaults(call=lambda args, _: run_evaluate(args))
    return parser


def _out_of_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or "out of memory" in str(error) or "can't allocate memory" in str(error)


def _show(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """What we warn of is a note to the user; others' warnings keep their place in the code."""
    ours = issubclass(category, FileWarning)
    text = f"guidegen: note: {message}\n" if ours else warnings.formatwarning(message, category, filename, lineno, line)
    (file or sys.stderr).write(text)


def _fail(message: str, status: int) -> int:
    with contextlib.suppress(GuideGenError):  # nobody can be told that nobody can be told
        print(f"guidegen: error: {message}" if status == FAILED else f"guidegen: {message}", file=sys.stderr)
    return status


def _terminate(number: int, frame: object) -> NoReturn:
    """A request to end is a request to cancel, so that temporary files go."""
    raise KeyboardInterrupt
