"""The cases of a cohort for the writers of data sets."""

import json
from collections.abc import Iterator
from pathlib import Path

from GuideGenLib.cohort.card import split_of
from GuideGenLib.cohort.folder import CASES, CohortFolder
from GuideGenLib.cohort.rows import CohortError
from GuideGenLib.export.datasets.write import DatasetCase
from GuideGenLib.generator.case_files import ANATOMY, CT, PROVENANCE

TOLD = ("sex", "age", "habitus", "region", "phase")


def dataset_cases(folder: CohortFolder, private: Path) -> tuple[int, Iterator[DatasetCase]]:
    """How many cases there are, and each in turn; those of an object store are fetched into `private`, one at a time.

    Raises CohortError where there is no cohort, no case yet, or no CT.
    """
    settings = folder.settings()
    if not settings.get("with_ct"):
        raise CohortError(f"{folder.url} has anatomies alone", "make a cohort with CTs")
    names = sorted(folder.made())
    if not names:
        raise CohortError(f"{folder.url} has no case yet", "run `guidegen cohort make` first")
    return len(names), (_case(folder, name, private) for name in names)


def _case(folder: CohortFolder, name: str, private: Path) -> DatasetCase:
    record = folder.record(name)
    ct, anatomy = (folder.local(f"{CASES}/{name}/{file}", private) for file in (CT, ANATOMY))
    told = {key: record["description"].get(key) for key in TOLD}
    provenance = json.loads(folder.read(f"{CASES}/{name}/{PROVENANCE}") or "{}")
    if "description" not in provenance:
        raise CohortError(f"the case {name} of {folder.url} has no {PROVENANCE}", "remove it and run again")
    return DatasetCase(name, ct, anatomy, split_of(name), {**told, "text": record["text"]}, provenance)
