"""Sample data: two example texts. They come with the extension, so nothing is downloaded."""

from pathlib import Path

import slicer
from slicer.i18n import tr as _

FOLDER = Path(__file__).resolve().parent.parent / "Resources" / "Samples"
SCREENSHOTS = {"GuideGenLungCancer": "lung-cancer.png", "GuideGenColonCancer": "colon-cancer.png"}


def sampleTexts() -> list[str]:
    """The example texts, the lung cancer first. They are input of the models, in English, and are not translated."""
    return [(FOLDER / f"{name}.txt").read_text(encoding="utf-8").strip() for name in SCREENSHOTS]


def registerSamples() -> None:
    """List the texts in the module Sample Data: a click opens the panel with the text. Called when Slicer has started.

    They are files, so `SampleData.downloadSample("GuideGenLungCancer")` loads the text as a node, without a network.
    """
    import SampleData

    from GuideGenLib.core.resources import resource

    for name, screenshot in SCREENSHOTS.items():
        thumbnail = resource("Screenshots", screenshot)
        SampleData.SampleDataLogic.registerCustomSampleDataSource(
            category="GuideGen",
            sampleName=name,
            uris=(FOLDER / f"{name}.txt").as_uri(),
            fileNames=f"{name}.txt",
            nodeNames=name,
            loadFileTypes="TextFile",
            thumbnailFileName=str(thumbnail) if thumbnail.is_file() else None,
            customDownloader=openSample,
        )


def openSample(source) -> None:
    """Open the panel with the text of a sample; nothing is generated before the user says so."""
    text = (FOLDER / source.fileNames[0]).read_text(encoding="utf-8").strip()
    slicer.util.selectModule("GuideGen")
    widget = slicer.modules.guidegen.widgetRepresentation().self()
    widget.parameterNode.corrections = ""
    widget.parameterNode.prompt = text
    slicer.util.showStatusMessage(_("The example text is in the panel: press Generate anatomy."), 5000)
