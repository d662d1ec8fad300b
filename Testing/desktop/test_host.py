"""The stand-in catches what would go wrong in Slicer: misspelt names, wrong signals, wrong types, wrong order."""

import enum
from pathlib import Path
from typing import Annotated, Any

import pytest

FORM = """<ui version="4.0"><class>Form</class>
<widget class="qMRMLWidget" name="Form"><layout class="QVBoxLayout" name="column">
 <item><widget class="QSpinBox" name="count"><property name="{prop}"><number>7</number></property>
  <property name="SlicerParameterName" stdset="0"><string>count</string></property></widget></item>
 <item><widget class="{node_class}" name="selector">
  <property name="nodeTypes"><stringlist><string>vtkMRMLScalarVolumeNode</string></stringlist></property>
  <property name="noneEnabled"><bool>true</bool></property></widget></item>
 <item><widget class="ctkPathLineEdit" name="folder">
  <property name="filters"><set>ctkPathLineEdit::Dirs|ctkPathLineEdit::Hidden</set></property></widget></item>
</layout></widget>
<customwidgets><customwidget><class>qMRMLWidget</class><extends>QWidget</extends><header>q.h</header>
 <container>1</container></customwidget></customwidgets>
<connections><connection><sender>Form</sender><signal>mrmlSceneChanged(vtkMRMLScene*)</signal>
 <receiver>selector</receiver><slot>{slot}(vtkMRMLScene*)</slot></connection></connections></ui>"""


def load(slicer: Any, folder: Path, **changes: str) -> Any:
    """The form, with changes to it."""
    words = {"prop": "maximum", "node_class": "qMRMLNodeComboBox", "slot": "setMRMLScene", **changes}
    path = folder / "Form.ui"
    path.write_text(FORM.format(**words), encoding="utf-8")
    return slicer.util.loadUI(str(path))


def test_properties_are_attributes(scene: Any):
    import qt

    label = qt.QLabel("a")
    label.text = "b"
    label.name = "named"
    assert (label.text, label.objectName, label.enabled, label.className()) == ("b", "named", True, "QLabel")
    assert isinstance(label, qt.QWidget) and not isinstance(label, qt.QPushButton)
    with pytest.raises(TypeError, match="not callable"):
        label.text()
    with pytest.raises(AttributeError, match="txt"):
        _ = label.txt
    with pytest.raises(AttributeError, match="txt"):
        label.txt = "b"
    with pytest.raises(TypeError, match="QString"):
        label.text = 3
    with pytest.raises(TypeError, match="no keyword"):
        label.setText(text="c")
    with pytest.raises(AttributeError):
        _ = qt.Signal


def test_what_cpp_makes_keeps_the_rules(scene: Any):
    import qt

    table = qt.QTableWidget(2, 3)
    assert (table.rowCount, table.columnCount) == (2, 3)
    table.horizontalHeader().visible = False
    with pytest.raises(AttributeError):
        table.horizontalHeader().visibel = True
    panel = qt.QWidget()
    button = qt.QPushButton("b", panel)
    assert panel.findChildren(qt.QWidget) == (button,) or panel.findChildren(qt.QWidget) == [button]


def test_signals_connect_by_signature(scene: Any):
    import qt

    heard: list[Any] = []
    button = qt.QPushButton()
    button.checkable = True
    button.connect("clicked(bool)", heard.append)
    button.connect("clicked()", lambda: heard.append("bare"))
    button.clicked.connect(lambda: heard.append("member"))
    button.click()
    assert heard == [True, "bare", "member"]
    assert button.disconnect("clicked(bool)", heard.append)
    button.click()
    assert heard[3:] == ["bare", "member"]
    with pytest.raises(ValueError, match="cliked"):
        button.connect("cliked()", heard.append)
    with pytest.raises(ValueError, match="clicked"):
        button.connect("clicked(int)", heard.append)
    with pytest.raises(TypeError):
        button.clicked.connect(None)


def test_an_exception_in_a_slot_is_kept(scene: Any):
    import qt

    from Testing.desktop import host

    button = qt.QPushButton()
    button.clicked.connect(lambda: 1 / 0)
    button.click()
    assert [type(problem) for problem in host.UNCAUGHT] == [ZeroDivisionError]
    host.UNCAUGHT.clear()


def test_python_overrides_what_qt_calls(scene: Any):
    import qt

    class Edit(qt.QTextEdit):
        def __init__(self) -> None:
            qt.QTextEdit.__init__(self)
            self.keys: list[int] = []

        def keyPressEvent(self, event: Any) -> None:
            self.keys.append(event.key())
            qt.QTextEdit.keyPressEvent(self, event)

    edit = Edit()
    qt.QTest.keyClicks(edit, "ab")
    assert (edit.keys, edit.toPlainText()) == ([qt.Qt.Key_A, qt.Qt.Key_B], "ab")


def test_a_form_is_loaded_and_wired(slicer: Any, scene: Any, tmp_path: Path):
    form = load(slicer, tmp_path)
    ui = slicer.util.childWidgetVariables(form)
    form.setMRMLScene(scene)
    assert ui.selector.mrmlScene() is scene
    assert ui.count.maximum == 7
    assert ui.folder.filters == 0x101
    assert ui.selector.nodeTypes == ("vtkMRMLScalarVolumeNode",)
    heard: list[str] = []
    ui.folder.connect("currentPathChanged(QString)", heard.append)
    ui.folder.currentPath = "ü"
    assert heard == ["ü"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"prop": "maximun"}, ValueError),
        ({"node_class": "qMRMLNodeCombo"}, ValueError),
        ({"slot": "setMRMLScen"}, AttributeError),
    ],
)
def test_a_misspelt_form_raises(slicer: Any, scene: Any, tmp_path: Path, changes: dict[str, str], error: type):
    with pytest.raises(error):
        load(slicer, tmp_path, **changes)


def test_a_node_selector_follows_the_scene(slicer: Any, scene: Any):
    heard: list[Any] = []
    selector = slicer.qMRMLNodeComboBox()
    selector.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    selector.noneEnabled = True
    selector.setMRMLScene(scene)
    selector.connect("currentNodeChanged(vtkMRMLNode*)", heard.append)
    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "ct")
    text = scene.AddNewNodeByClass("vtkMRMLTextNode", "text")
    assert (selector.nodeCount(), selector.currentNode()) == (1, None)
    selector.setCurrentNode(volume)
    assert selector.currentNodeID == volume.GetID()
    selector.setCurrentNode(text)
    assert selector.currentNode() is None
    selector.setCurrentNode(volume)
    scene.RemoveNode(volume)
    assert heard == [volume, None, volume, None]
    with pytest.raises(AttributeError):
        _ = selector.currentNodeName
    with pytest.raises(TypeError):
        selector.setCurrentNode(3)
    selector.setMRMLScene(None)


def test_the_segment_editor_wants_its_nodes_in_order(slicer: Any, scene: Any):
    editor = slicer.qMRMLSegmentEditorWidget()
    segmentation = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "s")
    with pytest.raises(RuntimeError, match="segment editor node"):
        editor.setSegmentationNode(segmentation)
    editor.setMRMLScene(scene)
    editor.setMRMLSegmentEditorNode(scene.AddNewNodeByClass("vtkMRMLSegmentEditorNode", "e"))
    editor.setSegmentationNode(segmentation)
    segment_id = segmentation.GetSegmentation().AddEmptySegment("liver")
    editor.setCurrentSegmentID(segment_id)
    assert editor.currentSegmentID() == "liver"
    editor.saveStateForUndo()
    segmentation.GetSegmentation().RemoveSegment(segment_id)
    editor.undo()
    assert segmentation.GetSegmentation().GetNumberOfSegments() == 1
    with pytest.raises(ValueError, match="spleen"):
        editor.setCurrentSegmentID("spleen")
    with pytest.raises(ValueError, match="Pant"):
        editor.setActiveEffectByName("Pant")
    editor.setSegmentationNode(None)


def make_state(slicer: Any) -> tuple[Any, Any]:
    """A small parameter node class, and the enumeration that one of its fields has."""
    from slicer.parameterNodeWrapper import Default, WithinRange, parameterNodeWrapper

    class Size(enum.Enum):
        SMALL = "s"
        LARGE = "l"

    @parameterNodeWrapper
    class State:
        text: str
        count: Annotated[int, WithinRange(0, 5), Default(2)]
        size: Size = Size.LARGE
        on: bool = True
        share: Annotated[float, WithinRange(0, 1)]
        names: list[str]
        volume: slicer.vtkMRMLScalarVolumeNode

    return State, Size


def test_a_parameter_node_is_typed_and_lives_in_the_scene(slicer: Any, scene: Any, tmp_path: Path):
    state_class, size = make_state(slicer)
    node = scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode", "state")
    state = state_class(node)
    assert (state.text, state.count, state.size.name, state.on, state.volume) == ("", 2, "LARGE", True, None)
    for name, value, error in (("count", 6, ValueError), ("count", 2.0, TypeError), ("text", None, TypeError)):
        with pytest.raises(error):
            setattr(state, name, value)
    with pytest.raises(TypeError):
        state.volume = node
    state.text, state.count, state.size, state.share = "ü", 4, size.SMALL, 0.25
    state.names = ["a"]
    state.names.append("b")
    state.volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "ct")
    path = str(tmp_path / "scene.mrb")
    assert slicer.app.ioManager().saveScene(path)
    assert slicer.app.ioManager().loadScene(path)
    again = state_class(scene.GetFirstNodeByName("state"))
    assert (again.text, again.count, again.size.name, again.share) == ("ü", 4, "SMALL", 0.25)
    assert (again.names, again.volume.GetName()) == (["a", "b"], "ct")


def test_a_parameter_node_and_its_form_follow_each_other(slicer: Any, scene: Any, tmp_path: Path):
    import qt

    ui = slicer.util.childWidgetVariables(load(slicer, tmp_path))
    state = make_state(slicer)[0](scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode", "state"))
    tag = state.connectGui(ui)
    assert (ui.count.value, ui.count.maximum) == (2, 5)
    ui.count.value = 3
    assert state.count == 3
    state.count = 1
    assert ui.count.value == 1
    state.disconnectGui(tag)
    state.count = 4
    assert ui.count.value == 1
    box = qt.QPlainTextEdit()
    with pytest.raises(RuntimeError, match="GUI connector"):
        state.connectParametersToGui({"text": box})
    with pytest.raises(ValueError, match="txet"):
        state.connectParametersToGui({"txet": box})
