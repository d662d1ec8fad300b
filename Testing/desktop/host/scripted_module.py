"""Re-making of slicer.ScriptedLoadableModule: what a scripted module's classes derive from."""

import unittest
from pathlib import Path
from types import ModuleType
from typing import Any

import slicer


class ScriptedLoadableModule:
    """Fills its `parent`, the module object."""

    def __init__(self, parent: Any) -> None:
        self.parent = parent
        self.moduleName = type(self).__name__

    def resourcePath(self, name: str) -> str:
        """A file of the module's Resources folder."""
        return str(Path(self.parent.path).parent / "Resources" / name)

    def getDefaultModuleDocumentationLink(self, page: str = "") -> str:
        """A paragraph of HTML."""
        return f'<p><a href="{slicer.app.moduleDocumentationUrl(page or self.moduleName)}">documentation</a></p>'


class ScriptedLoadableModuleWidget:
    """The panel: `parent` is the qMRMLWidget around it, `layout` its layout."""

    def __init__(self, parent: Any = None) -> None:
        import qt

        self.moduleName = type(self).__name__.removesuffix("Widget")
        self.developerMode = False
        if parent is None:
            parent = slicer.qMRMLWidget()
            parent.setLayout(qt.QVBoxLayout())
            parent.setMRMLScene(slicer.mrmlScene)
        self.parent = parent
        self.layout = parent.layout()
        slicer.app.moduleManager().connect("moduleAboutToBeUnloaded(QString)", self._unloaded)

    def _unloaded(self, name: str) -> None:
        if name == self.moduleName:
            self.cleanup()

    def setup(self) -> None:
        """Called when the panel is first opened."""

    def enter(self) -> None:
        """Called when the user comes to the panel."""

    def exit(self) -> None:
        """Called when the user goes."""

    def cleanup(self) -> None:
        """Called before the module is unloaded."""

    def resourcePath(self, name: str) -> str:
        """A file of the module's Resources folder."""
        return str(Path(slicer.util.modulePath(self.moduleName)).parent / "Resources" / name)


class ScriptedLoadableModuleLogic:
    """Owns the module's parameter node, one a scene."""

    def __init__(self, parent: Any = None) -> None:
        self.moduleName = type(self).__name__.removesuffix("Logic")
        self.isSingletonParameterNode = True

    def getParameterNode(self) -> Any:
        """The scene's node, made when there is none."""
        node = slicer.mrmlScene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
        if node is None:
            node = slicer.vtkMRMLScriptedModuleNode()
            node.SetSingletonTag(self.moduleName)
            node.SetName(slicer.mrmlScene.GenerateUniqueName(self.moduleName))
            node = slicer.mrmlScene.AddNode(node)
        node.SetAttribute("ModuleName", self.moduleName)
        return node


class ScriptedLoadableModuleTest(unittest.TestCase):
    """The self-test of a module; Slicer calls runTest()."""

    messageDelay = 50

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.messages: list[str] = []

    def delayDisplay(self, message: str, requested: int | None = None, msec: int | None = None) -> None:
        """Recorded."""
        self.messages.append(message)
        slicer.app.processEvents()

    def takeScreenshot(self, name: str, description: str, kind: int = -1) -> None:
        """Nothing to see."""

    def runTest(self) -> None:
        """All methods called test..."""
        for name in dir(self):
            if name.startswith("test_"):
                self.setUp()
                getattr(self, name)()
                self.tearDown()


def make_module() -> ModuleType:
    """slicer.ScriptedLoadableModule."""
    module = ModuleType("slicer.ScriptedLoadableModule", __doc__)
    classes = (
        *(ScriptedLoadableModule, ScriptedLoadableModuleWidget),
        *(ScriptedLoadableModuleLogic, ScriptedLoadableModuleTest),
    )
    for cls in classes:
        setattr(module, cls.__name__, cls)
    module.__all__ = [cls.__name__ for cls in classes]  # type: ignore[attr-defined]
    return module
