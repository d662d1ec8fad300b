"""The self-test that runs in a real Slicer: the story of the panel with the bundled model at a small setting."""

import tempfile
import time
from pathlib import Path

import slicer
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleTest

TEXT = "A 60 year old man with a 4 cm tumor in the right lobe of the liver."
LIMIT_S = 900


class GuideGenTest(ScriptedLoadableModuleTest):
    """Needs the dependencies; without them it tests that the panel offers to install them."""

    def setUp(self) -> None:
        slicer.mrmlScene.Clear()
        self.widget = slicer.modules.guidegen.widgetRepresentation().self()
        self.widget.enter()

    def tearDown(self) -> None:
        self.widget.logic.close()

    def runTest(self) -> None:
        """All of it, from Slicer's Reload and Test."""
        for test in (self.test_understanding, self.test_setup, self.test_story):
            self.setUp()
            try:
                test()
            finally:
                self.tearDown()

    def test_understanding(self) -> None:
        """The text is read without any dependency."""
        self.delayDisplay("Reading a text")
        self.widget.parameterNode.prompt = TEXT
        understood = self.widget.understoodPanel.understanding.description
        self.assertEqual(understood.findings[0].organ, "liver")
        self.assertEqual(understood.age, 60)

    def test_setup(self) -> None:
        """What is missing is told, and nothing can be generated without it."""
        self.delayDisplay("Looking for the dependencies")
        ui, missing = self.widget.ui, bool(self.widget.setupPanel.missing)
        self.widget.parameterNode.prompt = TEXT
        self.assertEqual(ui.installButton.enabled, missing)
        self.assertEqual(ui.generateButton.enabled, not missing)
        if missing:
            self.assertIn("Setup", ui.generateButton.toolTip)

    def test_story(self) -> None:
        """Text, anatomy, CT, an edit, the CT again, and the files."""
        if self.widget.setupPanel.missing:
            self.delayDisplay("The dependencies are missing: nothing is generated")
            return
        from GuideGenLib.scene.ct import read_ct

        from .ParameterNode import Quality, Region

        ui, state = self.widget.ui, self.widget.parameterNode
        state.prompt, state.region, state.quality = TEXT, Region.ABDOMEN, Quality.DRAFT
        state.spacing, state.newSeed = 4.0, False
        self.delayDisplay("Generating an anatomy")
        self.press(ui.generateButton)
        segmentation = state.segmentation
        self.assertIsNotNone(segmentation)
        self.assertIsNotNone(segmentation.GetSegmentation().GetSegment("liver_tumor"))
        self.delayDisplay("Generating its CT")
        self.press(ui.generateCTButton)
        first = state.ct
        self.assertIsNotNone(first)
        self.delayDisplay("Adding a finding and regenerating")
        state.lesionKind, state.lesionDiameter = "kidney_tumor", 20.0
        self.widget.lesionPanel.addFinding(segmentation.GetSegmentCenterRAS("kidney_left"))
        self.press(ui.regenerateButton)
        self.assertNotEqual(state.ct, first)
        self.assertEqual(read_ct(state.ct).GetSize(), read_ct(first).GetSize())
        with tempfile.TemporaryDirectory() as folder:
            state.exportFolder = folder
            ui.exportFolderButton.click()
            ui.exportSceneButton.click()
            names = {path.name for path in Path(folder).iterdir()}
        self.assertEqual(names, {"GuideGen.mrb", "anatomy.nii.gz", "ct.nii.gz", "labels.csv", "provenance.json"})
        self.delayDisplay("Test passed")

    def press(self, button) -> None:
        """Press a button that starts a run, and let Slicer's event loop go until the run has ended."""
        self.assertTrue(button.enabled, button.toolTip)
        button.click()
        end = time.monotonic() + LIMIT_S
        while self.widget.logic.busy:
            self.assertLess(time.monotonic(), end, "the run takes too long")
            slicer.app.processEvents()
            time.sleep(0.02)
