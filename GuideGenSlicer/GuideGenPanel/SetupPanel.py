"""Dependencies, model bundle and device; the section folds away when all is ready."""

from typing import Any

import slicer
from slicer.i18n import tr as _

from . import Setup
from .Logic import bundlePath
from .Panel import Panel, enable, switch


class SetupPanel(Panel):
    """What was found is kept until the user changes something or asks again: the checks read files."""

    def __init__(self, ui: Any, logic: Any, session: Any) -> None:
        super().__init__(ui, logic, session)
        self.missing: Setup.Missing | None = None
        self.bundleError = ""
        self._bundle: object = self  # none was checked yet
        self._folded = False
        self.ui.installButton.connect("clicked()", self.onInstall)
        self.ui.checkSetupButton.connect("clicked()", self.onCheck)
        self.ui.bundlePathEdit.connect("currentPathChanged(QString)", self.onBundlePath)

    def enter(self) -> None:
        """The first time the section folds away when all is ready; afterwards it is the user's."""
        if not self._folded:
            self._folded = True
            self.ui.setupSection.collapsed = not self.hindrance()

    def refresh(self) -> None:
        if self.parameterNode is None:
            return
        if self.ui.bundlePathEdit.currentPath != self.parameterNode.bundlePath:
            self.ui.bundlePathEdit.currentPath = self.parameterNode.bundlePath
        if self.missing is None or bundlePath(self.parameterNode) != self._bundle:
            self.check()
        for widget in (self.ui.bundlePathEdit, self.ui.deviceComboBox):
            switch(widget, not self.logic.busy)
        self.ui.setupStatusLabel.text = self.status()
        self.ui.bundleStatusLabel.text = self.bundleError or _("The model is whole and fits this version.")
        nothing = "" if self.missing else _("All dependencies are there.")
        enable(
            self.ui.installButton,
            _("A run goes on: cancel it or wait for its end.") if self.logic.busy else nothing,
            _("Shows what would be downloaded and asks before anything is installed."),
        )

    def hindrance(self) -> str:
        """Why nothing can be generated, empty where all is ready."""
        if self.missing:
            return _("Dependencies are missing: install them in the section Setup.")
        return self.bundleError

    def status(self) -> str:
        """What is missing, and what has to be done before it can be installed."""
        if not self.missing:
            return _("All dependencies are there.")
        names = _("Missing in Slicer's Python: {names}.").format(names=", ".join(self.missing.names))
        return f"{names} {self.missing.obstacle}".strip()

    def check(self) -> None:
        """Look for the packages and read the model's files; a second at most."""
        from GuideGenLib.bundle import BundleError, load_bundle

        self.missing = Setup.missing()
        if self.parameterNode is None:
            return
        self._bundle = bundlePath(self.parameterNode)
        try:
            load_bundle(self._bundle)
        except (BundleError, OSError) as error:
            self.bundleError = str(error)
        else:
            self.bundleError = ""

    def onCheck(self) -> None:
        self.check()
        self.changed.emit()
        self.ui.setupSection.collapsed = not self.hindrance()

    def onBundlePath(self, path: str) -> None:
        if self.parameterNode is not None and path != self.parameterNode.bundlePath:
            self.parameterNode.bundlePath = path

    def onInstall(self) -> None:
        if self.missing.obstacle:
            slicer.util.errorDisplay(self.missing.obstacle)
            return
        low, high = self.missing.megabytes
        size = _("about {low} MB").format(low=low)
        if high != low:
            size = _("about {low} MB, with the libraries for an NVIDIA GPU about {high} MB").format(low=low, high=high)
        question = _(
            "GuideGen needs these Python packages:\n\n{names}\n\nThey are downloaded ({size}) and installed into "
            "Slicer's Python; it takes some minutes, in which Slicer does not answer. Install them now?"
        ).format(names="\n".join(self.missing.names), size=size)
        if not slicer.util.confirmOkCancelDisplay(question):
            return
        with slicer.util.tryWithErrorDisplay(_("The dependencies were not installed."), waitCursor=True):
            try:
                Setup.install(self.missing)
            finally:
                self.onCheck()
