"""Module "GuideGen" of 3D Slicer: what Slicer looks for by name. GuideGenPanel has the parts, GuideGenLib the work."""

import sys
from pathlib import Path

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import ScriptedLoadableModule

# In a source checkout the library lies beside the module's folder; an installed extension has it beside this file.
_ROOT = Path(__file__).resolve().parent.parent
if (_ROOT / "GuideGenLib").is_dir() and str(_ROOT) not in sys.path:
    sys.path.append(str(_ROOT))

from GuideGenPanel.Logic import GuideGenLogic  # noqa: E402
from GuideGenPanel.Samples import registerSamples  # noqa: E402
from GuideGenPanel.SelfTest import GuideGenTest  # noqa: E402
from GuideGenPanel.Widget import GuideGenWidget  # noqa: E402

__all__ = ["GuideGen", "GuideGenLogic", "GuideGenTest", "GuideGenWidget"]


class GuideGen(ScriptedLoadableModule):
    """Title, help and dependencies of the module."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("GuideGen")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Image Synthesis")]
        self.parent.dependencies = ["Segmentations", "SubjectHierarchy", "VolumeRendering", "Markups"]
        self.parent.contributors = ["GuideGen maintainers"]
        self.parent.helpText = _(
            "Type a description of a patient, generate an anatomy as an editable segmentation, correct it, and "
            "generate a CT volume that shows exactly the corrected anatomy. Everything that it makes is synthetic "
            "and not for diagnosis."
        )
        self.parent.acknowledgementText = _(
            "The method is GuideGen (arXiv 2403.07247), written anew. The model was trained on public scans, which "
            "the README of the extension lists."
        )
        slicer.app.connect("startupCompleted()", registerSamples)
