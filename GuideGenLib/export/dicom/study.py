"""What all objects of a study say alike: patient, study, series, equipment, and that nothing of it is real."""

from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import UID, ExplicitVRLittleEndian
from pydicom.valuerep import format_number_as_ds

from GuideGenLib.description.fields import shown
from GuideGenLib.description.model import Description, DescriptionError
from GuideGenLib.description.report import from_json
from GuideGenLib.export.dicom.identity import Form, Identity, identity_of
from GuideGenLib.generator.case import Case
from GuideGenLib.generator.change import chain

SERIES = ("CT", "SEG", "SR")
"""The modalities of a study, in the order of their series."""
SYNTHETIC = "SYNTHETIC, NOT FOR DIAGNOSIS"
MANUFACTURER = "GuideGen"
DATE, TIME = "20000101", "000000"
"""A record tells no time, so that equal runs give equal files: every object has the same."""

_BODY_PARTS = {
    "torso": "CHESTABDPELVIS",
    "chest": "CHEST",
    "abdomen": "ABDOMEN",
    "pelvis": "PELVIS",
    "chest_abdomen": "CHESTABDOMEN",
    "abdomen_pelvis": "ABDOMENPELVIS",
}
"""Body Part Examined, DICOM part 16 annex L, by region."""
_SEXES = {"male": "M", "female": "F"}


@dataclass(frozen=True)
class Study:
    """A case with its identity, and the words that its objects share.

    patient: the description of the case before its edits, for all series of a study tell of one patient.
    """

    case: Case
    form: Form
    identity: Identity
    patient: Description

    @property
    def bundle(self) -> str:
        """The model, for people: "torso-small 0.1.0"."""
        told = self.case.provenance.get("bundle") or {}
        return f"{told.get('name', 'unknown bundle')} {told.get('version', '')}".strip()

    @property
    def bundle_sha256(self) -> str:
        return str((self.case.provenance.get("bundle") or {}).get("sha256", "unknown"))

    @property
    def version(self) -> str:
        return str(self.case.provenance.get("guidegen", "unknown"))

    @property
    def region(self) -> str:
        """What was drawn: of the settings, else of the description."""
        told = (self.case.provenance.get("settings") or {}).get("region")
        return str(told or self.case.description.region or "torso")

    def series(self, modality: str) -> dict[str, Any]:
        """The UID and the number of the series of a modality: 1 CT, 2 SEG, 3 SR, and ten further for each edit."""
        return {
            "series_instance_uid": self.identity.now.series(self.form.of(modality)),
            "series_number": 10 * self.identity.edits + SERIES.index(modality) + 1,
        }

    def instance(self, modality: str, number: int = 1) -> str:
        """The UID of an object, counted from 1."""
        return self.identity.now.instance(self.form.of(modality), number)

    def instance_before(self, modality: str, number: int = 1) -> str | None:
        """That of the object in the place of it before the last edit, None for a case that was not edited."""
        before = self.identity.before
        return None if before is None else before.instance(self.form.of(modality), number)

    @property
    def equipment(self) -> dict[str, Any]:
        """What made it, by the names of highdicom's arguments."""
        return {
            "manufacturer": MANUFACTURER,
            "manufacturer_model_name": self.bundle[:64],
            "software_versions": self.version,
            "device_serial_number": self.bundle_sha256[:64],
        }


def study_of(case: Case, form: Form) -> Study:
    """The study of a case with a CT."""
    changes = chain(case.provenance)
    first = (changes[0].get("before") or {}).get("description") if changes else None
    try:
        patient = from_json(first) if isinstance(first, dict) else case.description
    except DescriptionError:
        patient = case.description
    return Study(case, form, identity_of(case), patient)


def image_object(study: Study, class_uid: str, number: int, description: str) -> Dataset:
    """A CT object with its patient, study, series, equipment and SOP common modules; number: counted from 1."""
    dataset = Dataset()
    mark(dataset, study, description)
    series = study.series("CT")
    dataset.SeriesInstanceUID, dataset.SeriesNumber = series["series_instance_uid"], series["series_number"]
    _equip(dataset, study)
    dataset.file_meta = file_meta(class_uid, study.instance("CT", number))
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID
    dataset.InstanceNumber = number
    before = study.instance_before("CT", number)
    if before is not None:
        dataset.SourceImageSequence = [reference(class_uid, before)]
    return dataset


def mark(dataset: Dataset, study: Study, description: str) -> None:
    """Write into an object of a study whose it is, that it is synthetic and what made it; fixed dates take the place of
    those of now."""
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = "GuideGen^Synthetic"
    dataset.PatientID = study.identity.patient
    dataset.PatientBirthDate = ""
    dataset.PatientSex = _SEXES.get(study.patient.sex or "", "")
    dataset.PatientComments = _about(study.patient)
    if study.patient.age is not None:
        dataset.PatientAge = f"{study.patient.age:03d}Y"
    dataset.StudyInstanceUID = study.identity.study
    dataset.StudyID = study.identity.root[:16]
    dataset.StudyDescription = f"{SYNTHETIC}: GuideGen"
    dataset.ReferringPhysicianName = ""
    dataset.AccessionNumber = ""
    dataset.SeriesDescription = f"{SYNTHETIC}: {description}"[:64]
    dataset.SyntheticData = "YES"
    for name in ("Study", "Series", "Content", "InstanceCreation"):
        setattr(dataset, f"{name}Date", DATE)
        setattr(dataset, f"{name}Time", TIME)
    dataset.ContributingEquipmentSequence = [_equipment(study)]


def image_comments(study: Study) -> str:
    """For (0020,4000), which the viewers show: that it is synthetic, of which text, and where CT and anatomy differ."""
    dated = study.case.provenance.get("ct_out_of_date", "")
    mark = f"{SYNTHETIC}. {dated}" if dated else SYNTHETIC
    return f"{mark}. Made by GuideGen {study.version} from: {study.case.description.text or 'no text'}"[:10240]


def body_part(study: Study) -> str:
    """Body Part Examined."""
    return _BODY_PARTS[study.region] if study.region in _BODY_PARTS else _BODY_PARTS["torso"]


def decimal(value: float) -> str:
    """A number in the 16 characters that a decimal string has."""
    return format_number_as_ds(float(value) + 0.0)  # of -0.0 too


def coded(code: Any) -> Dataset:
    """An item of a code sequence, of anything that has value, meaning and scheme."""
    item = Dataset()
    item.CodeValue = code.value
    item.CodingSchemeDesignator = getattr(code, "scheme_designator", None) or code.scheme
    item.CodeMeaning = code.meaning
    return item


def reference(class_uid: str, instance_uid: str) -> Dataset:
    """An item that names the object of which an edit made this one."""
    item = Dataset()
    item.ReferencedSOPClassUID = UID(class_uid)
    item.ReferencedSOPInstanceUID = UID(instance_uid)
    item.PurposeOfReferenceCodeSequence = [coded(codes.DCM.SourceImageForImageProcessingOperation)]
    return item


def file_meta(class_uid: str, instance_uid: str) -> FileMetaDataset:
    """The head of a file."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(class_uid)
    meta.MediaStorageSOPInstanceUID = UID(instance_uid)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return meta


def _equip(dataset: Dataset, study: Study) -> None:
    dataset.Manufacturer = study.equipment["manufacturer"]
    dataset.ManufacturerModelName = study.equipment["manufacturer_model_name"]
    dataset.SoftwareVersions = study.equipment["software_versions"]
    dataset.DeviceSerialNumber = study.equipment["device_serial_number"]


def _about(patient: Description) -> str:
    """What the text says of the patient, in words."""
    names = ("age_range", "race", "ethnicity", "habitus")
    told = [f"{name.replace('_', ' ')} {shown(getattr(patient, name))}" for name in names if getattr(patient, name)]
    return ". ".join([SYNTHETIC, *told])[:10240]


def _equipment(study: Study) -> Dataset:
    """An item of the Contributing Equipment Sequence: the version, and the bundle with its hash."""
    item = Dataset()
    _equip(item, study)
    item.PurposeOfReferenceCodeSequence = [coded(codes.DCM.SynthesizingEquipment)]
    item.ContributionDescription = f"Made by GuideGen {study.version} with the bundle {study.bundle}, SHA-256 " + (
        study.bundle_sha256
    )
    return item
