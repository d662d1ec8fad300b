"""nnU-Net's layout, of both versions, and data sets that keep to its folders: imagesTr, labelsTr, dataset.json.

AMOS names its CTs as their label maps, nnU-Net puts the number of a channel behind (case_0000.nii.gz). Besides Tr there
may be Va and Ts; scans of Ts need no labels. Of several channels the CT alone is read.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from GuideGenLib.anatomy.label_maps.beside import DESCRIPTION
from GuideGenLib.anatomy.label_maps.names import read_json
from GuideGenLib.anatomy.maps import VocabularyError
from GuideGenLib.data.cases import CaseFiles, DataError
from GuideGenLib.data.layouts.files import volumes
from GuideGenLib.data.layouts.paired import paired, with_ct
from GuideGenLib.data.layouts.values import ValuesTold
from GuideGenLib.data.notes import Notes

PARTS = ("Tr", "Va", "Ts")
CT_NAME = re.compile(r"\bct(?![a-z])|computed tomography", re.IGNORECASE)


def nnunet(data: Path, notes: Mapping[str, Notes]) -> list[CaseFiles]:
    """The cases of all parts. Raises DataError for a damaged dataset.json or one without a CT among its channels."""
    description = data / DESCRIPTION
    try:
        content = read_json(description) if description.is_file() else {}
    except VocabularyError as error:
        raise DataError(error.message, error.remedy) from error
    if not isinstance(content, dict):
        raise DataError(f"{description} holds no table", "write it as nnU-Net's manual says")
    ending, channels = str(content.get("file_ending", ".nii.gz")), _channels(content)
    channel = _ct_channel(channels, description)
    cases = []
    for part in PARTS:
        images, labels = data / f"images{part}", data / f"labels{part}"
        scans = _of_channel(volumes(images, ending), channel, max(1, len(channels)))
        found = paired(scans, volumes(labels, ending), ValuesTold(data, labels), notes)
        for case in with_ct(found, images):
            alone = case.labels is None and part != "Ts" and (labels.is_dir() or part == "Tr")
            remedy = "add it, or put scans that have none into imagesTs"
            cases.append(replace(case, problem=f"{case.ct} has no label map in {labels}: {remedy}") if alone else case)
    return cases


def _channels(content: Mapping[str, object]) -> dict[str, str]:
    told = content.get("channel_names", content.get("modality", {}))
    return {str(key): str(name) for key, name in told.items()} if isinstance(told, Mapping) else {}


def _ct_channel(channels: Mapping[str, str], description: Path) -> int:
    """The number of the channel that is a CT; the first where no channel is named."""
    found = [key for key, name in channels.items() if CT_NAME.search(name)]
    if channels and not found:
        raise DataError(
            f"{description}: its channels are {', '.join(channels.values())}, none of which is a CT",
            "GuideGen learns from CTs in HU alone; name the channel CT if it is one",
        )
    return int(found[0]) if found else 0


def _of_channel(images: Mapping[str, list[Path]], channel: int, count: int) -> dict[str, list[Path]]:
    """The images of one channel by their cases; where names end in no number of a channel, by the names."""
    if not all(re.search(r"_\d{4}$", name) and int(name[-4:]) < count for name in images):
        return dict(images)
    return {name[:-5]: paths for name, paths in images.items() if int(name[-4:]) == channel}
