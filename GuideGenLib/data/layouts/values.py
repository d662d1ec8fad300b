"""The label map of a case with what its values mean, as `anatomy.label_maps.beside` finds it told."""

from pathlib import Path

from GuideGenLib.anatomy.label_maps.beside import NamesBeside, how_to_tell, own_names, untold
from GuideGenLib.anatomy.label_maps.dicom import names_in
from GuideGenLib.anatomy.label_maps.names import Meaning, Named, meaning_of
from GuideGenLib.anatomy.maps import VocabularyError
from GuideGenLib.anatomy.table import network_labels
from GuideGenLib.anatomy.unknown import OUTSIDE
from GuideGenLib.core.dicom.objects import is_dicom
from GuideGenLib.core.errors import VolumeError
from GuideGenLib.data.cases import CaseFiles


class ValuesTold:
    """What is told of the label maps in one folder: `maps` in the folder `data`, which may stand for a vocabulary."""

    def __init__(self, data: Path, maps: Path, convention: str | None = None) -> None:
        self._beside = NamesBeside(maps, data, convention)

    def case(self, name: str, ct: Path | None, labels: Path, sex: str | None) -> CaseFiles:
        """The case of a label map, with a problem where its values are not told or have unknown names."""
        try:
            found = (labels, Named(names_in(labels))) if speaks_for_itself(labels) else self._beside.of(labels)
            if found is None:
                raise VocabularyError(untold(), how_to_tell(labels))
            where, named = found
            told = to_learn(meaning_of(named.names.values(), where, sex))
        except (VocabularyError, VolumeError) as error:
            return CaseFiles(name, ct, labels, problem=f"{labels}: {error}")
        meaning = {0: 0} | dict(zip(named.names, told.values, strict=True))
        return CaseFiles(name, ct, labels, meaning, told.known, named.partly)


def speaks_for_itself(labels: Path) -> bool:
    """Are these segments of DICOM, which have names or codes, and no file beside them tells others?"""
    return is_dicom(labels) and not own_names(labels).is_file()


def to_learn(told: Meaning) -> Meaning:
    """What training sees of names: findings are drawn by rule, and what a source labels so may be anything."""
    count = len(network_labels())
    known = frozenset(value for value in told.known if value < count)
    return Meaning(tuple(value if value < count else OUTSIDE for value in told.values), known)
