"""One base of what a user is told."""

import ast
import pickle
from pathlib import Path

import pytest

from GuideGenLib.bundle import BundleError
from GuideGenLib.core.device import DeviceError
from GuideGenLib.core.errors import GuideGenError, VolumeError
from GuideGenLib.engine.failures import failure
from GuideGenLib.scene.errors import SceneError

LIBRARY = Path(__file__).resolve().parents[2] / "GuideGenLib"
OTHERS = {"Cancelled", "FileWarning", "GoneError", "LostError", "SceneWarning", "_LeftError"}
"""What ends a run or a request without a fault, and what is no error."""


def test_message_and_remedy_are_told_together_and_apart() -> None:
    error = VolumeError("the disk is full", "free some space")
    assert (str(error), error.message, error.remedy) == (
        "the disk is full: free some space", "the disk is full", "free some space",
    )  # fmt: skip
    assert str(VolumeError("choose another file")) == "choose another file"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # as it comes back from another process


@pytest.mark.parametrize(("kind", "error"), [("bundle", BundleError), ("device", DeviceError), ("input", SceneError)])
def test_the_worker_reports_what_is_at_fault(kind: str, error: type[GuideGenError]) -> None:
    told = failure("1", error("it is odd", "mend it"))
    assert (told.kind, told.message, told.details) == (kind, "it is odd: mend it", "")


def test_a_plain_exception_is_no_message_for_the_user() -> None:
    assert failure("1", ValueError("it is odd")).kind == "internal"


def test_every_error_of_the_library_derives_from_the_base() -> None:
    bases = {}
    for path in LIBRARY.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases[node.name] = [base.id for base in node.bases if isinstance(base, ast.Name)]
    built_in = {"Exception", "ValueError", "RuntimeError", "OSError", "UserWarning", "KeyError", "TypeError"}
    assert {name for name, above in bases.items() if built_in & set(above)} == {"GuideGenError", *OTHERS}
