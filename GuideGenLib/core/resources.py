"""Where the files that ship with the project lie."""

from pathlib import Path


def resource(*parts: str) -> Path:
    """Path of a shipped file: beside the package in a checkout, inside it when installed from a wheel."""
    package = Path(__file__).resolve().parent.parent
    root = package / "Resources" if (package / "Resources").is_dir() else package.parent / "Resources"
    return root.joinpath(*parts)
