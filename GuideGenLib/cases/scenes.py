"""Cases between their folder and a scene: opened as a run, kept as a folder. Page and module do it alike."""

from dataclasses import replace
from typing import Any

from GuideGenLib.anatomy.label_volumes import read_anatomy
from GuideGenLib.cases.entry import Entry
from GuideGenLib.cases.errors import CaseError
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.core.volumes import read_ct
from GuideGenLib.scene.ct import add_ct
from GuideGenLib.scene.files import ANATOMY, CT, SavedCase
from GuideGenLib.scene.runs.dated import OUT_OF_DATE
from GuideGenLib.scene.runs.hierarchy import file_into, hierarchy_of
from GuideGenLib.scene.runs.results import remove_run, whole_or_nothing
from GuideGenLib.scene.runs.run import add_run, join_ct, runs
from GuideGenLib.scene.segments.segmentation import add_anatomy


def read_saved(entry: Entry) -> SavedCase:
    """The volumes and the record of a case folder; needs no scene, and so may run in a thread of its own. Raises
    CaseError for volumes that cannot be read, and for a scene, which is loaded and not read."""
    if entry.problem:
        raise CaseError(entry.problem)
    if entry.is_scene:
        raise CaseError(f"{entry.name} is a scene", "load it as one")
    try:
        anatomy = read_anatomy(entry.path / ANATOMY)
        ct = read_ct(entry.path / CT) if entry.has_ct else None
    except GuideGenError as error:
        raise CaseError(error.message, error.remedy) from error
    return SavedCase(anatomy, ct, dict(entry.record) or None)


def put_into(scene: Any, case: SavedCase, name: str) -> tuple[Any, Any]:
    """The case as new nodes of a scene, in a folder of its name: the segmentation node and the CT node (None where it
    has none). A CT that does not show the anatomy any more is left out: in the scene nothing would say so. Raises
    SceneError, and nothing comes into the scene, for a CT of another place."""
    if case.out_of_date:
        record = {name: value for name, value in (case.provenance or {}).items() if name != OUT_OF_DATE}
        case = replace(case, ct=None, provenance=record)
    with whole_or_nothing(scene):
        if case.provenance is not None:
            run = add_run(scene, case.anatomy, case.ct, case.provenance, name)
            return run.segmentation, run.ct
        segmentation = add_anatomy(scene, case.anatomy, scene.GenerateUniqueName(name))  # of which nothing is known
        file_into(scene, hierarchy_of(scene).GetSceneItemID(), [segmentation])
        if case.ct is None:
            return segmentation, None
        ct = add_ct(scene, case.ct, scene.GenerateUniqueName(f"{name} CT"))
        join_ct(scene, segmentation, ct, case.anatomy)
        return segmentation, ct


def take_out(scene: Any, segmentation: Any, ct: Any) -> None:
    """Remove what `put_into` brought, with all that belongs to it; nodes that are gone already are no fault."""
    for run in runs(scene):
        if segmentation is not None and run.segmentation is segmentation:
            remove_run(scene, run)
            return
    for node in (segmentation, ct):
        if node is not None and scene.IsNodePresent(node):
            scene.RemoveNode(node)
