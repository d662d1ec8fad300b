"""The segmenter that ships with the project, to be loaded where it is needed: importing this costs nothing."""

from GuideGenLib.data.labelling import Segment


def shipped_segmenter() -> Segment:
    """What labels scans that have no label map. Raises EvaluationError where the judges are not there."""
    from GuideGenLib.judges.folder import load_judges

    return load_judges().segmenter.segment_coarse
