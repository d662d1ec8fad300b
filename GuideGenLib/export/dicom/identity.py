"""The unique identifiers of a study, made from the voxels: the same run has the same ones, and an edited case lies in
the study of the case that it came from."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from GuideGenLib.generator.case import Case, voxels_sha256
from GuideGenLib.generator.change import chain

_NAMESPACE = uuid.UUID("5b0c6f0e-6a5e-5d0c-9a56-3f0c2f3e7a11")


def uid(*parts: str) -> str:
    """A UID of a UUID (DICOM part 5, annex B.2) of version 5: the same parts give the same one."""
    return f"2.25.{uuid.uuid5(_NAMESPACE, chr(10).join(parts)).int}"


@dataclass(frozen=True)
class Form:
    """How a study is written: one Enhanced CT, or a file a plane; a binary segmentation, or a label map."""

    enhanced: bool = False
    binary: bool = False

    def of(self, modality: str) -> str:
        """The objects of a modality (CT, SEG, SR) in this form, for their UIDs: other forms are other objects."""
        told = (modality, "enhanced" * self.enhanced, "binary" * (self.binary and modality != "CT"))
        return " ".join(filter(None, told))


@dataclass(frozen=True)
class Volumes:
    """A state of a case, by the SHA-256 of the voxels of its CT and of its anatomy."""

    ct: str
    anatomy: str

    def series(self, kind: str) -> str:
        """The UID of a series of a kind that `Form.of` names."""
        return uid("series", kind, *self._of(kind))

    def instance(self, kind: str, number: int = 1) -> str:
        """The UID of one object of a series, counted from 1."""
        return uid("instance", kind, str(number), *self._of(kind))

    def _of(self, kind: str) -> tuple[str, ...]:
        return (self.ct,) if kind.startswith("CT") else (self.ct, self.anatomy)


@dataclass(frozen=True)
class Identity:
    """root: the SHA-256 of the CT that the case began with; before: the volumes of which an edit made these, None for
    a case that was not edited; edits: how many are known."""

    root: str
    now: Volumes
    before: Volumes | None
    edits: int

    @property
    def patient(self) -> str:
        """An identifier that no hospital gives."""
        return f"GuideGen-{self.root[:16]}"

    @property
    def study(self) -> str:
        return uid("study", self.root)

    @property
    def frame_of_reference(self) -> str:
        return uid("frame of reference", self.root)


def identity_of(case: Case) -> Identity:
    """From the volumes of a case with a CT, and from what its record tells of those before an edit."""
    assert case.ct is not None
    now = Volumes(voxels_sha256(case.ct), voxels_sha256(case.anatomy))
    changes = chain(case.provenance)
    sources = [_volumes(case.provenance.get("settings")), *(_volumes(change.get("before")) for change in changes)]
    known = [volumes for volumes in sources if volumes is not None]
    if not known:
        return Identity(now.ct, now, None, 0)
    return Identity(known[0].ct, now, known[-1], len(known))


def _volumes(told: Any) -> Volumes | None:
    """The volumes before an edit, where a part of a record tells both."""
    if not isinstance(told, Mapping):
        return None
    ct, anatomy = told.get("ct_voxels_sha256"), told.get("anatomy_voxels_sha256")
    return Volumes(ct, anatomy) if isinstance(ct, str) and isinstance(anatomy, str) else None
