"""Dependencies, model bundle, device and server; the section folds away when all is ready."""

from concurrent.futures import Future
from typing import Any

import slicer
from slicer.i18n import tr as _

from GuideGenLib.workflow import words

from . import Server, Setup
from .Background import Background
from .Logic import bundlePath
from .Panel import Panel, enable, switch


class SetupPanel(Panel):
    """What was found is kept until the user changes something or asks again: the checks read files."""

    def __init__(self, ui: Any, logic: Any, session: Any) -> None:
        super().__init__(ui, logic, session)
        self.missing: Setup.Missing | None = None
        self.bundleError = ""
        self.bundleTold = ""
        self._bundle: Any = self  # none was checked yet
        self._asking = Background()
        self._folded = False
        self.ui.installButton.connect("clicked()", self.onInstall)
        self.ui.checkSetupButton.connect("clicked()", self.onCheck)
        self.ui.bundlePathEdit.connect("currentPathChanged(QString)", self.onBundlePath)
        self.ui.serverEdit.text, self.ui.serverTokenEdit.text = Server.url(), Server.token()
        self.ui.serverEdit.connect("editingFinished()", self.onServer)
        self.ui.serverTokenEdit.connect("editingFinished()", self.onServer)

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
        for widget in (self.ui.bundlePathEdit, self.ui.serverEdit, self.ui.serverTokenEdit):
            switch(widget, not self.logic.busy)
        switch(self.ui.deviceComboBox, not self.logic.busy and not Server.url())
        self.ui.setupStatusLabel.text = self.status()
        self.ui.bundleStatusLabel.text = self.bundleError or self.bundleTold
        nothing = "" if self.missing else _("All dependencies are there.")
        enable(
            self.ui.installButton,
            words.say(words.BUSY) if self.logic.busy else nothing,
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
        """Look for the packages and read the model's files, a second at most; or ask the server, beside the window."""
        from GuideGenLib.bundle import BundleError, load_bundle

        self.missing = Setup.missingForServer() if Server.url() else Setup.missing()
        if self.parameterNode is None:
            return
        self._bundle = bundlePath(self.parameterNode)
        self.bundleError, self.bundleTold = "", _("The model is whole and fits this version.")
        self._asking.abandon()
        try:
            if Server.url():
                self._askServer()
            else:
                load_bundle(self._bundle)
        except (BundleError, OSError, ValueError) as error:
            self.bundleError = str(error)

    def _askServer(self) -> None:
        """Raises ValueError for what is no address."""
        from GuideGenLib.remote.client.client import greet

        address, bundle = Server.address(), self._bundle
        self.bundleTold = _("Asking {url}...").format(url=address.url)

        def told(future: Future) -> None:
            try:
                model = future.result()["bundle"]["name"]
                self.bundleTold = _("{url} makes the volumes, with the model {model}.").format(
                    url=address.url, model=model
                )
            except ValueError as error:
                self.bundleError = str(error)
            self.changed.emit()

        self._asking.run(lambda: greet(address, bundle), told)

    def onCheck(self) -> None:
        self.check()
        self.changed.emit()
        self.ui.setupSection.collapsed = not self.hindrance()

    def onBundlePath(self, path: str) -> None:
        if self.parameterNode is not None and path != self.parameterNode.bundlePath:
            self.parameterNode.bundlePath = path

    def onServer(self) -> None:
        """Another server, or none, from the next run on; what is typed is kept for the next time."""
        if (self.ui.serverEdit.text.strip(), self.ui.serverTokenEdit.text.strip()) == (Server.url(), Server.token()):
            return
        Server.remember(Server.URL, self.ui.serverEdit.text)
        Server.remember(Server.TOKEN, self.ui.serverTokenEdit.text)
        self.logic.close()
        self.check()
        self.changed.emit()

    def cleanup(self) -> None:
        self._asking.close()

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
