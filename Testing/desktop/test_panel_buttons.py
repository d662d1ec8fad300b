"""The panel without a run: what it shows, what it greys out and why, what it says of bad input."""

import sys
from typing import Any

from Testing.desktop import host
from Testing.desktop.driver import Driver

TEXT = "A 60 year old man with a 40 mm tumor in the left upper lobe of the lung."


def test_the_panel_opens_with_a_ready_setup(panel: Driver):
    assert panel.ui.setupSection.collapsed
    assert "dependencies" in panel.ui.setupStatusLabel.text
    assert not panel.ui.generateButton.enabled
    assert "patient" in panel.ui.generateButton.toolTip
    panel.picture("empty")


def test_every_disabled_button_says_why(panel: Driver):
    import qt

    grey = [button for button in vars(panel.ui).values() if isinstance(button, qt.QPushButton) and not button.enabled]
    assert len(grey) > 5
    for button in grey:
        assert button.toolTip.strip(), button.name


def test_a_text_is_shown_as_it_is_understood(panel: Driver):
    panel.type(TEXT)
    table = panel.ui.understoodTable
    assert table.item(0, 0).text() == "D  Finding 1: tumor, left lung, upper lobe (drawn)"
    assert table.item(row_of(panel, "Age"), 1).text() == "60"
    assert table.item(row_of(panel, "1: organ"), 1).text() == "lung"
    assert panel.ui.generateButton.enabled, panel.ui.generateButton.toolTip
    panel.picture("understood")


def test_a_field_is_corrected_and_the_correction_taken_back(panel: Driver):
    panel.type(TEXT)
    row = row_of(panel, "Age")
    panel.ui.understoodTable.item(row, 1).setText("71")
    panel.settle()
    understood = panel.widget.understoodPanel.understanding.description
    assert understood is not None and understood.age == 71
    assert panel.ui.understoodTable.item(row_of(panel, "Age"), 2).text() == "(corrected)"
    panel.press("resetUnderstoodButton")
    panel.settle()
    assert panel.widget.understoodPanel.understanding.description.age == 60


def test_a_value_that_cannot_be_is_told(panel: Driver):
    panel.type(TEXT)
    panel.ui.understoodTable.item(row_of(panel, "Age"), 1).setText("old")
    panel.settle()
    assert len(host.DIALOGS.errors) == 1
    assert panel.ui.understoodTable.item(row_of(panel, "Age"), 1).text() == "60"


def test_findings_are_added_and_removed(panel: Driver):
    panel.type("A 60 year old man.")
    count = panel.ui.understoodTable.rowCount
    panel.press("addFindingButton")
    panel.settle()
    assert panel.ui.understoodTable.rowCount > count
    panel.ui.understoodTable.setCurrentCell(row_of(panel, "D  Finding 1: tumor, lung (drawn)"), 0)
    panel.press("removeFindingButton")
    panel.settle()
    assert panel.ui.understoodTable.rowCount == count


def test_an_organ_is_corrected_and_removed(panel: Driver):
    panel.type("A man with a spleen of 15 cm.")
    count = panel.ui.understoodTable.rowCount
    panel.ui.understoodTable.item(row_of(panel, "Spleen: length (mm)"), 1).setText("17 cm")
    panel.settle()
    assert panel.ui.understoodTable.item(row_of(panel, "Spleen: length (mm)"), 1).text() == "170"
    panel.ui.understoodTable.setCurrentCell(row_of(panel, "Spleen: absent"), 0)
    panel.press("removeFindingButton")
    panel.settle()
    assert panel.ui.understoodTable.rowCount == count - 5


def test_the_words_are_coloured_and_tell_what_they_became(panel: Driver):
    text = TEXT + "\nNo <b>liver</b> mass, &lt; 5, a zorb."
    panel.type(text)
    browser = panel.ui.understoodTextBrowser
    told = told_of(browser)
    assert "".join(words for words, *_ in told) == text
    chips = {words: (mark, tip) for words, mark, tip in told if mark}
    assert chips["40 mm"] == ("D", "Finding 1 (drawn), size (mm): 40")
    assert chips["mass"] == ("N", "Finding 2 (not drawn: negated), kind: mass")
    assert chips["zorb"] == ("!", "Not understood, without effect")
    assert (
        "finding, not drawn" in panel.ui.understoodLegendLabel.text and "Words: " in panel.ui.understoodLegendLabel.text
    )
    panel.picture("painted")
    panel.type("")
    assert not browser.visible and browser.toPlainText() == ""


def test_the_presence_is_corrected_and_taken_back(panel: Driver):
    panel.type(TEXT)
    row = row_of(panel, "1: presence")
    combo = panel.ui.understoodTable.cellWidget(row, 1)
    combo.setCurrentIndex([combo.itemText(i) for i in range(combo.count)].index("family"))
    panel.settle()
    assert panel.ui.understoodTable.item(0, 0).text().endswith("(not drawn: family)")
    assert not panel.widget.understoodPanel.understanding.description.findings[0].drawn
    assert panel.ui.understoodTable.item(row_of(panel, "1: presence"), 2).text() == "(corrected)"
    panel.press("resetUnderstoodButton")
    panel.settle()
    assert panel.widget.understoodPanel.understanding.description.findings[0].drawn


def test_of_a_long_text_a_click_on_a_heading_shows_its_rows(panel: Driver):
    from PySide6 import QtCore, QtTest, QtWidgets

    panel.type(" ".join(f"{size} mm nodule in the left upper lobe of the lung." for size in range(5, 25, 2)))
    table = panel.ui.understoodTable
    assert table.rowCount == 12 and table.item(2, 0).text() == "D  Finding 3: nodule, left lung, upper lobe (drawn) …"
    place = table.visualItemRect(table.item(2, 0)).center()
    QtTest.QTest.mouseClick(QtWidgets.QTableWidget.viewport(table), QtCore.Qt.MouseButton.LeftButton, pos=place)
    panel.settle()
    table.item(row_of(panel, "3: size (mm)"), 1).setText("12")
    panel.settle()
    assert table.item(row_of(panel, "3: size (mm)"), 2).text() == "(corrected)", "it stays open"
    panel.press("removeFindingButton")
    panel.settle()
    assert table.rowCount == 11 and len(panel.widget.understoodPanel.understanding.description.findings) == 9


def test_examples_are_in_the_history(panel: Driver):
    panel.choose("historyComboBox", "This patient is a white male")
    panel.settle()
    assert "T3NMX" in panel.ui.promptEdit.toPlainText()
    assert panel.ui.generateButton.enabled


def test_a_text_without_sense_is_told(panel: Driver):
    panel.type("asdf qwer")
    assert not panel.ui.generateButton.enabled
    assert panel.ui.generateButton.toolTip == panel.ui.understoodMessageLabel.text
    assert "English" in panel.ui.understoodMessageLabel.text


def test_a_bundle_that_is_none_is_told(panel: Driver, tmp_path: Any):
    panel.type(TEXT)
    panel.ui.bundlePathEdit.currentPath = str(tmp_path / "no such ü")
    panel.settle()
    assert not panel.ui.generateButton.enabled
    assert "no such" in panel.ui.bundleStatusLabel.text
    assert panel.ui.generateButton.toolTip == panel.ui.bundleStatusLabel.text


def test_a_segmentation_that_cannot_be_read_gives_one_message(panel: Driver):
    """No segment, then one that nobody knows."""
    scene = panel.slicer.mrmlScene
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "mine")
    panel.ui.segmentationSelector.setCurrentNode(node)
    panel.settle()
    assert panel.state.segmentation is node
    assert "empty" in panel.run("generateCTButton") or host.DIALOGS.errors
    node.GetSegmentation().AddEmptySegment("x", "Xylophone")
    panel.run("generateCTButton")
    assert len(host.DIALOGS.errors) == 2, host.DIALOGS.errors
    assert not panel.workers()


def test_the_state_is_in_the_scene(panel: Driver, tmp_path: Any):
    panel.type(TEXT)
    panel.ui.seedSpinBox.value = 77
    panel.choose("qualityComboBox", "Fine")
    panel.press("possibleCheckBox")
    path = str(tmp_path / "ü scene.mrb")
    assert panel.slicer.app.ioManager().saveScene(path)
    panel.slicer.mrmlScene.Clear(False)
    panel.settle()
    assert panel.ui.promptEdit.toPlainText() == ""
    assert panel.slicer.app.ioManager().loadScene(path)
    panel.settle()
    assert (panel.ui.promptEdit.toPlainText(), panel.ui.seedSpinBox.value) == (TEXT, 77)
    assert panel.ui.qualityComboBox.currentText.startswith("Fine")
    assert (
        not panel.ui.possibleCheckBox.checked and not sys.modules["GuideGenPanel.Logic"].settings(panel.state).possible
    )


def test_leaving_and_coming_back_keeps_all(panel: Driver):
    panel.type(TEXT)
    panel.widget.parent.exit()
    panel.widget.parent.enter()
    assert panel.state.prompt == TEXT


def row_of(panel: Driver, title: str) -> int:
    """The row of a field in the table of what was understood."""
    table = panel.ui.understoodTable
    return next(row for row in range(table.rowCount) if table.item(row, 0).text() == title)


def told_of(browser: Any) -> list[tuple[str, str, str]]:
    """Words, marks and tips of the painted text, piece for piece; words without a mark have no tip either."""
    from PySide6 import QtGui, QtWidgets

    told: list[tuple[str, str, str]] = []
    mark = ""
    block = QtWidgets.QTextEdit.document(browser).begin()
    while block.isValid():
        told += [("\n", "", "")] if told else []
        at = block.begin()
        while not at.atEnd():
            text, form = at.fragment().text(), at.fragment().charFormat()
            tip = QtGui.QTextDocumentFragment.fromHtml(form.toolTip()).toPlainText()
            if tip and form.fontWeight() >= QtGui.QFont.Weight.Bold:
                mark = text
            else:
                told.append((text.removeprefix("\xa0") if mark else text, mark, tip))
                mark = ""
            at += 1
        block = block.next()
    return told
