"""Stand-ins of the MRML widgets; properties, slots and signals as in Slicer's headers (Libs/MRML/Widgets)."""

from typing import Any, ClassVar

import slicer
from PySide6 import QtCore, QtWidgets

from .rules import observe, ruled
from .stored import stored


class qMRMLWidget(QtWidgets.QWidget):
    """A widget that knows a scene."""

    mrmlSceneChanged = QtCore.Signal(object)
    _signatures: ClassVar[dict[str, str]] = {"mrmlSceneChanged(vtkMRMLScene*)": "mrmlSceneChanged"}

    def __init__(self, parent: Any = None) -> None:
        QtWidgets.QWidget.__init__(self, parent)
        self._scene: Any = None

    def mrmlScene(self) -> Any:
        """The scene or None."""
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        """Tells the children that the form connects."""
        if scene is not None and not isinstance(scene, slicer.vtkMRMLScene):
            raise TypeError(f"setMRMLScene needs a vtkMRMLScene, not {scene!r}")
        if scene is not self._scene:
            self._scene = scene
            self.mrmlSceneChanged.emit(scene)


class qMRMLNodeComboBox(QtWidgets.QWidget):
    """Chooses a node of some classes."""

    currentNodeChanged = QtCore.Signal(object)
    _validNodeChanged = QtCore.Signal(bool)
    currentNodeIDChanged = QtCore.Signal(str)
    nodeActivated = QtCore.Signal(object)
    nodeAdded = QtCore.Signal(object)
    nodeAddedByUser = QtCore.Signal(object)
    nodeAboutToBeRemoved = QtCore.Signal(object)
    currentNodeRenamed = QtCore.Signal(str)
    nodeAboutToBeEdited = QtCore.Signal(object)
    _signatures: ClassVar[dict[str, str]] = {
        "currentNodeChanged(vtkMRMLNode*)": "currentNodeChanged",
        "currentNodeChanged(bool)": "_validNodeChanged",
        "nodeActivated(vtkMRMLNode*)": "nodeActivated",
        "nodeAdded(vtkMRMLNode*)": "nodeAdded",
        "nodeAddedByUser(vtkMRMLNode*)": "nodeAddedByUser",
        "nodeAboutToBeRemoved(vtkMRMLNode*)": "nodeAboutToBeRemoved",
        "nodeAboutToBeEdited(vtkMRMLNode*)": "nodeAboutToBeEdited",
    }

    nodeTypes = stored("nodeTypes", "QStringList", [], "_fill")
    showHidden = stored("showHidden", bool, False, "_fill")
    showChildNodeTypes = stored("showChildNodeTypes", bool, True, "_fill")
    hideChildNodeTypes = stored("hideChildNodeTypes", "QStringList", [], "_fill")
    baseName = stored("baseName", str, "")
    noneEnabled = stored("noneEnabled", bool, False, "_fill")
    noneDisplay = stored("noneDisplay", str, "None", "_fill")
    addEnabled = stored("addEnabled", bool, True)
    removeEnabled = stored("removeEnabled", bool, True)
    editEnabled = stored("editEnabled", bool, False)
    renameEnabled = stored("renameEnabled", bool, False)
    interactionNodeSingletonTag = stored("interactionNodeSingletonTag", str, "")
    selectNodeUponCreation = stored("selectNodeUponCreation", bool, True)

    def __init__(self, parent: Any = None) -> None:
        QtWidgets.QWidget.__init__(self, parent)
        self._scene: Any = None
        self._current: Any = None
        self._wanted: list[tuple[str, str, Any]] = []
        self._tags: list[int] = []
        self._box = QtWidgets.QComboBox()
        row = QtWidgets.QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._box)
        QtWidgets.QWidget.setLayout(self, row)
        self._box.activated.connect(self._activated)

    # The scene
    def mrmlScene(self) -> Any:
        """The scene or None."""
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        """List its nodes and follow it."""
        if scene is not None and not isinstance(scene, slicer.vtkMRMLScene):
            raise TypeError(f"setMRMLScene needs a vtkMRMLScene, not {scene!r}")
        if scene is self._scene:
            return
        for tag in self._tags:
            self._scene.RemoveObserver(tag)
        self._scene, self._tags = scene, []
        if scene is not None:
            added, removed = scene.NodeAddedEvent, scene.NodeRemovedEvent
            for event in (added, removed, scene.EndImportEvent, scene.EndBatchProcessEvent, scene.EndCloseEvent):
                self._tags.append(observe(scene, event, self, "_fill"))
        self._fill()

    def addAttribute(self, node_type: str, name: str, value: Any = None) -> None:
        """Show only nodes of this class that have the attribute (with this value)."""
        self._wanted.append((node_type, name, value))
        self._fill()

    def removeAttribute(self, node_type: str, name: str) -> None:
        """Undo addAttribute."""
        self._wanted = [w for w in self._wanted if w[:2] != (node_type, name)]
        self._fill()

    def _nodes(self) -> list[Any]:
        if self._scene is None:
            return []
        nodes = [self._scene.GetNthNode(i) for i in range(self._scene.GetNumberOfNodes())]
        return [node for node in nodes if self._shows(node)]

    def _shows(self, node: Any) -> bool:
        of_type = any(
            node.IsA(t) if self.showChildNodeTypes else node.GetClassName() == t for t in self.nodeTypes
        ) and not any(node.IsA(t) for t in self.hideChildNodeTypes)
        fits = all(
            node.GetAttribute(name) is not None and value in (None, node.GetAttribute(name))
            for node_type, name, value in self._wanted
            if node.IsA(node_type)
        )
        return of_type and fits and (self.showHidden or not node.GetHideFromEditors())

    def _fill(self) -> None:
        nodes = self._nodes()
        self._box.clear()
        if self.noneEnabled:
            self._box.addItem(self.noneDisplay, None)
        for node in nodes:
            self._box.addItem(node.GetName() or "", node.GetID())
        keep = self._current if self._current in nodes else None
        if keep is None and nodes and not self.noneEnabled:
            keep = nodes[0]
        self._choose(keep)

    def _choose(self, node: Any) -> None:
        self._box.setCurrentIndex(self._box.findData(node.GetID()) if node is not None else self._box.findData(None))
        if node is not self._current:
            self._current = node
            self.currentNodeChanged.emit(node)
            self._validNodeChanged.emit(node is not None)
            self.currentNodeIDChanged.emit(node.GetID() if node is not None else "")

    def _activated(self, _: int) -> None:
        self.setCurrentNodeID(self._box.currentData() or "")
        self.nodeActivated.emit(self._current)

    # The nodes
    def nodeCount(self) -> int:
        """How many nodes are listed, None apart."""
        return len(self._nodes())

    def nodeFromIndex(self, index: int) -> Any:
        """The node at this place."""
        return self._nodes()[index]

    def currentNode(self) -> Any:
        """The chosen node or None."""
        return self._current

    def setCurrentNode(self, node: Any) -> None:
        """A node or its id; one that is not listed chooses None."""
        if isinstance(node, str):
            return self.setCurrentNodeID(node)
        if node is not None and not isinstance(node, slicer.vtkMRMLNode):
            raise TypeError(f"setCurrentNode needs a vtkMRMLNode, not {node!r}")
        return self._choose(node if node in self._nodes() else None)

    def setCurrentNodeID(self, node_id: str) -> None:
        """As setCurrentNode."""
        self.setCurrentNode(self._scene.GetNodeByID(node_id) if self._scene is not None and node_id else None)

    def setCurrentNodeIndex(self, index: int) -> None:
        """By place in the list."""
        self._choose(self._nodes()[index] if 0 <= index < self.nodeCount() else None)

    def addNode(self, node_type: str = "") -> Any:
        """A new node of the first class, chosen."""
        types = self.nodeTypes
        node = self._scene.AddNewNodeByClass(node_type or types[0], self.baseName or types[0])
        self.setCurrentNode(node)
        self.nodeAddedByUser.emit(node)
        return node

    def removeCurrentNode(self) -> None:
        """Takes it out of the scene."""
        self._scene.RemoveNode(self._current)

    currentNodeID = QtCore.Property(
        str, lambda self: self._current.GetID() if self._current is not None else "", setCurrentNodeID
    )


def mrml_widgets() -> dict[str, Any]:
    """By name, ruled."""
    return {cls.__name__: ruled(cls) for cls in (qMRMLWidget, qMRMLNodeComboBox)}
