"""The state of the panel, which is saved in the scene."""

import enum
from typing import TYPE_CHECKING, Annotated, Any

from slicer import vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode
from slicer.i18n import tr as _
from slicer.parameterNodeWrapper import Default, WithinRange, parameterNodeWrapper

from GuideGenLib.core.seeds import LARGEST_SEED
from GuideGenLib.workflow import words


class Region(enum.Enum):
    """What the scan shows; AS_IN_TEXT leaves it to the description."""

    AS_IN_TEXT = ""
    TORSO = "torso"
    CHEST = "chest"
    ABDOMEN = "abdomen"
    PELVIS = "pelvis"
    CHEST_ABDOMEN = "chest_abdomen"
    ABDOMEN_PELVIS = "abdomen_pelvis"

    def label(self) -> str:
        """The words of the combo box."""
        return words.say(words.REGIONS[self.value])


class Device(enum.Enum):
    """Where the models run."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"

    def label(self) -> str:
        """The words of the combo box."""
        return {
            Device.AUTO: _("Automatic"),
            Device.CPU: _("Processor"),
            Device.CUDA: _("NVIDIA GPU (CUDA)"),
            Device.MPS: _("Apple GPU (Metal)"),
        }[self]


class Quality(enum.Enum):
    """How many denoising steps are taken; the values are the names in scenes."""

    DRAFT = "draft"
    STANDARD = "standard"
    FINE = "fine"

    def label(self) -> str:
        """The words of the combo box."""
        return words.say(words.QUALITIES[self.value])


@parameterNodeWrapper
class GuideGenParameterNode:
    """prompt, with corrections of what was understood (JSON of description.corrections); lengths in mm, blend in %."""

    prompt: str
    corrections: str
    history: list[str]
    region: Region = Region.AS_IN_TEXT
    seed: Annotated[int, WithinRange(0, LARGEST_SEED), Default(0)]
    newSeed: bool = False
    spacing: Annotated[float, WithinRange(0.5, 6.0), Default(2.0)]
    quality: Quality = Quality.STANDARD
    margin: Annotated[float, WithinRange(5.0, 100.0), Default(20.0)]
    possible: bool = True
    bundlePath: str
    device: Device = Device.AUTO
    segmentation: vtkMRMLSegmentationNode
    ct: vtkMRMLScalarVolumeNode
    comparedCT: vtkMRMLScalarVolumeNode
    blend: Annotated[float, WithinRange(0.0, 100.0), Default(0.0)]
    preset: str
    lesionKind: str
    lesionDiameter: Annotated[float, WithinRange(0.1, 15000.0), Default(30.0)]
    exportFolder: str

    if TYPE_CHECKING:  # what the wrapper adds

        def __init__(self, node: Any) -> None: ...
        def connectGui(self, gui: Any) -> int: ...
        def disconnectGui(self, tag: int) -> None: ...
        @property
        def parameterNode(self) -> Any: ...
