"""Cases written as nnU-Net, a BIDS-like folder, a MONAI datalist or DICOM studies: CTs, labels on their grids, and
tables beside them.

nnU-Net: raw data of its version 2. BIDS: modality "ct" of extension proposal 24 with a discrete segmentation under
derivatives. MONAI: `monai.data.load_decathlon_datalist` reads datalist.json. DICOM: a study a case, as
`export.dicom` writes it.
"""

import csv
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import SimpleITK as sitk

from GuideGenLib.anatomy.label_volumes import read_anatomy
from GuideGenLib.core.files import staged, write_json, write_text
from GuideGenLib.core.progress import Progress, silent
from GuideGenLib.core.volumes import read_ct, write_volume
from GuideGenLib.export.datasets.labels import DatasetError, Labels
from GuideGenLib.generator.case_files import written_case

SYNTHETIC = "All cases are synthetic: made by GuideGen, of no real person."


@dataclass(frozen=True)
class DatasetCase:
    """One case. split: train, val or test; told: further facts of it, as sex and age, for tables; record: what its
    provenance.json tells."""

    name: str
    ct: Path
    anatomy: Path
    split: str
    told: Mapping[str, Any]
    record: dict[str, Any]

    def mask(self, labels: Labels) -> sitk.Image:
        """Its anatomy in other labels on the grid of its CT."""
        return labels.of(read_anatomy(self.anatomy), read_ct(self.ct))


def write_dataset(
    layout: str, cases: Iterable[DatasetCase], count: int, folder: Path, labels: Labels, progress: Progress = silent
) -> None:
    """Write `count` cases in one of LAYOUTS into a new or empty folder, all or nothing.

    Raises DatasetError for a folder that has files, VolumeError for a case that cannot be read, OSError for a folder
    that cannot be written.
    """
    if folder.exists() and any(folder.iterdir()):
        raise DatasetError(f"{folder} is not empty", "name a new folder")
    with staged(folder) as private:
        writer = LAYOUTS[layout](private, labels)
        for index, case in enumerate(cases):
            writer.add(case)
            progress("write", (index + 1) / count)
        writer.finish()


class _Writer(Protocol):
    """Gets each case, and is told of the end."""

    def __init__(self, folder: Path, labels: Labels) -> None: ...

    def add(self, case: DatasetCase) -> None: ...

    def finish(self) -> None: ...


class _NnUNet:
    def __init__(self, folder: Path, labels: Labels) -> None:
        self.folder, self.labels = folder, labels
        self.cases: list[DatasetCase] = []

    def add(self, case: DatasetCase) -> None:
        part = "Ts" if case.split == "test" else "Tr"
        _copy(case.ct, self.folder / f"images{part}" / f"{case.name}_0000.nii.gz")
        _write(case.mask(self.labels), self.folder / f"labels{part}" / f"{case.name}.nii.gz")
        self.cases.append(case)

    def finish(self) -> None:
        names = {split: [one.name for one in self.cases if one.split == split] for split in ("train", "val", "test")}
        told = {
            "channel_names": {"0": "CT"},
            "labels": {name: value for value, name in sorted(self.labels.names.items())},
            "numTraining": len(names["train"]) + len(names["val"]),
            "file_ending": ".nii.gz",
            "description": SYNTHETIC,
        }
        write_text(json.dumps(told, indent=2) + "\n", self.folder / "dataset.json")  # in the order of values
        splits = [{"train": names["train"], "val": names["val"]}]
        write_text(json.dumps(splits, indent=2) + "\n", self.folder / "splits_final.json")


class _Bids:
    def __init__(self, folder: Path, labels: Labels) -> None:
        self.folder, self.labels = folder, labels
        self.lines: list[dict[str, Any]] = []

    def add(self, case: DatasetCase) -> None:
        subject = "sub-" + "".join(letter for letter in case.name if letter.isalnum())
        if any(line["participant_id"] == subject for line in self.lines):
            raise DatasetError(f"two cases become {subject}", "give them names that differ in letters or digits")
        _copy(case.ct, self.folder / subject / "ct" / f"{subject}_ct.nii.gz")
        told = {"SyntheticData": True, "Manufacturer": "GuideGen", "Units": "HU", **case.told}
        write_json(told, self.folder / subject / "ct" / f"{subject}_ct.json")
        below = self.folder / "derivatives" / "guidegen"
        _write(case.mask(self.labels), below / subject / "ct" / f"{subject}_dseg.nii.gz")
        facts = {key: value for key, value in case.told.items() if isinstance(value, str | int | float)}
        self.lines.append({"participant_id": subject, "split": case.split, **facts})

    def finish(self) -> None:
        below = self.folder / "derivatives" / "guidegen"
        for folder, name in ((self.folder, "Synthetic CTs by GuideGen"), (below, "Their anatomies")):
            kind = {
                "DatasetType": "raw" if folder is self.folder else "derivative",
                "GeneratedBy": [{"Name": "GuideGen"}],
            }
            write_json({"Name": name, "BIDSVersion": "1.10.0", "Acknowledgements": SYNTHETIC, **kind},
                       folder / "dataset_description.json")  # fmt: skip
        names = sorted(self.labels.names.items())
        _table([{"index": value, "name": name} for value, name in names], below / "dseg.tsv")
        _table(self.lines, self.folder / "participants.tsv")
        write_text(SYNTHETIC + "\n", self.folder / "README")


class _Monai:
    PARTS = {"train": "training", "val": "validation", "test": "testing"}  # noqa: RUF012 - never changed

    def __init__(self, folder: Path, labels: Labels) -> None:
        self.folder, self.labels = folder, labels
        self.parts: dict[str, list[dict[str, Any]]] = {part: [] for part in self.PARTS.values()}

    def add(self, case: DatasetCase) -> None:
        image, label = f"images/{case.name}.nii.gz", f"labels/{case.name}.nii.gz"
        _copy(case.ct, self.folder / image)
        _write(case.mask(self.labels), self.folder / label)
        self.parts[self.PARTS[case.split]].append({"image": image, "label": label, **case.told})

    def finish(self) -> None:
        labels = {str(value): name for value, name in self.labels.names.items()}
        told = {"description": SYNTHETIC, "modality": {"0": "CT"}, "labels": labels, **self.parts}
        write_json(told, self.folder / "datalist.json")


class _Dicom:
    """A study a case and a table of them. Whatever labels are asked for, a study has those of our table with codes."""

    def __init__(self, folder: Path, labels: Labels) -> None:
        self.folder = folder
        self.lines: list[dict[str, Any]] = []

    def add(self, case: DatasetCase) -> None:
        from GuideGenLib.export.dicom import export_dicom

        study = export_dicom(written_case(case.record, case.anatomy, case.ct), self.folder / "studies" / case.name)
        facts = {key: value for key, value in case.told.items() if isinstance(value, str | int | float)}
        self.lines.append({"case": case.name, "study_instance_uid": _study_uid(study), "split": case.split, **facts})

    def finish(self) -> None:
        _table(self.lines, self.folder / "studies.tsv")
        write_text(SYNTHETIC + "\n", self.folder / "README")


def _study_uid(study: Path) -> str:
    """Of a study that was written."""
    from pydicom import dcmread

    return str(dcmread(next(study.glob("*.dcm")), stop_before_pixels=True).StudyInstanceUID)


LAYOUTS: dict[str, type[_Writer]] = {"nnunet": _NnUNet, "bids": _Bids, "monai": _Monai, "dicom": _Dicom}


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _write(image: sitk.Image, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    write_volume(image, target)


def _table(lines: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Tab-separated values, "n/a" where a line has none."""
    columns = list(dict.fromkeys(key for line in lines for key in line))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="n/a", delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: "n/a" if value is None else value for key, value in line.items()} for line in lines)
