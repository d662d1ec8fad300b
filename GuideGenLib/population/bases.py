"""The people that a population is drawn from: the joined torso, the label maps of real people completed to whole
torsos, and each of them with the abdomen of others.

They are made once and kept, one file each, in `people` of the run folder.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from GuideGenLib.anatomy.table import values
from GuideGenLib.core.files import atomic
from GuideGenLib.core.progress import Progress, silent
from GuideGenLib.data.tissues import select
from GuideGenLib.population.completing import ABDOMEN, complete, exchanged, fit, moderated, warped
from GuideGenLib.population.organs import REFERENCE_ML
from GuideGenLib.population.people import Labels, Mask, Person, read_people
from GuideGenLib.population.sampling import Base

PEOPLE = "people"
"""Folder of a run with the base people."""
ANATOMIES = "anatomies"
"""Folder of a data folder with label maps that have no CT."""
WIDTH, DEPTH = 144, 128
"""Voxels of 3 mm across and from front to back: an obese person fits in."""
MODERATED = ("liver", "spleen", "pancreas", "kidney_left", "kidney_right", "adrenal_left", "adrenal_right")
"""Organs that no base person has far too large: one sick person must not make a whole population sick."""
DONORS = 2
"""Others whose abdomen each person is given as well."""


def widened(labels: Labels, width: int = WIDTH) -> Labels:
    """The labels in the middle of a canvas of at least `width` voxels, to whose sides the arms go on."""
    more = max(0, width - labels.shape[2])
    sides = ((0, 0), (0, 0), (more // 2, more - more // 2))
    wide = np.pad(labels, sides)
    reaching = (labels[:, :, [0, -1]] > 0).any((1, 2)) & (np.arange(len(labels)) > 0.6 * len(labels))
    wide[reaching] = np.pad(labels, sides, mode="edge")[reaching]
    return wide


def deepened(labels: Labels, depth: int = DEPTH, fill: int = 0) -> Labels:
    """The labels in the middle of a canvas of at least `depth` voxels from front to back, with `fill` (air) about."""
    more = max(0, depth - labels.shape[1])
    return np.pad(labels, ((0, 0), (more // 2, more - more // 2), (0, 0)), constant_values=fill)


def base_people(torso: Labels, anatomies: Path, folder: Path, progress: Progress = silent) -> list[Base]:
    """All base people of a data folder's anatomies, the joined torso first; about a minute each, kept in `folder`.

    torso: labels [z, y, x] at 3 mm. Raises DataError for a label map that cannot be used.
    """
    torso = widened(torso)
    own = Base("torso", "female" if select(torso, ("uterus",)).any() else "male", torso)
    people = read_people(anatomies, torso) if anatomies.is_dir() else []
    maker = _Maker(folder)
    whole = [own]
    progress("people", 0.0)
    for person in (person for person in people if _has_chest(person)):
        whole.append(maker.completed(person, own))
    made, second = list(whole), []
    for person in (person for person in people if not _has_chest(person)):
        alike = [base for base in whole[1:] if person.sex in (None, base.sex)]
        hosts = [*alike[:1], own]
        completed = [maker.completed(person, host) for host in hosts]
        made.append(completed[0])
        second.extend(completed[1:])
        progress("people", 0.3)
    exchanges = []
    for i, base in enumerate(made):
        for step in range(1, min(DONORS, len(made) - 1) + 1):
            exchanges.append(maker.exchanged(base, made[(i + step) % len(made)]))
            progress("people", 0.3 + 0.7 * (len(exchanges)) / (DONORS * len(made)))
    progress("people", 1.0)
    everyone = [*made, *second, *exchanges]
    return [replace(base, labels=deepened(base.labels), filled=_deep_mask(base.filled)) for base in everyone]


def _deep_mask(filled: Mask | None) -> Mask | None:
    return None if filled is None else deepened(filled.view(np.uint8)).view(bool)


def _has_chest(person: Person) -> bool:
    """Whether the chest is shown up to the collar bones."""
    return {values()["clavicle_left"], values()["lung_upper_lobe_left"]} <= person.known


@dataclass(frozen=True)
class _Maker:
    """Makes base people, or reads them from where they were kept as long as they are made of the same label maps."""

    folder: Path

    def completed(self, person: Person, host: Base) -> Base:
        def make() -> tuple[Labels, Mask]:
            labels = complete(person, host.labels, fit(person.labels, person.seen, host.labels))
            return labels, ~(person.seen & (person.labels > 0) & (labels == person.labels))

        return self._kept(f"{person.name} in {host.name}", person.sex or host.sex, (person.labels, host.labels), make)

    def exchanged(self, base: Base, donor: Base) -> Base:
        def make() -> tuple[Labels, Mask]:
            everywhere = np.ones(base.labels.shape, bool)
            warp = fit(base.labels, everywhere, donor.labels)
            labels = exchanged(base.labels, donor.labels, warp)
            body = everywhere ^ everywhere if base.filled is None else base.filled
            other = everywhere ^ everywhere if donor.filled is None else warped(donor.filled.view(np.uint8), warp) > 0
            return labels, np.where(select(labels, ABDOMEN), other, body | (labels != base.labels))

        return self._kept(f"{base.name} with {donor.name}", base.sex, (base.labels, donor.labels), make)

    def _kept(self, name: str, sex: str, parts: tuple[Labels, Labels], make: Callable[[], tuple[Labels, Mask]]) -> Base:
        path = self.folder / f"{name}.npz"
        made_of = hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:16]
        if path.is_file():
            with np.load(path) as stored:
                if {"made_of", "filled"} <= set(stored) and str(stored["made_of"]) == made_of:
                    return _moderate(name, sex, stored["labels"], stored["filled"])
        labels, filled = make()
        self.folder.mkdir(parents=True, exist_ok=True)
        with atomic(path) as private, private.open("wb") as file:
            np.savez_compressed(file, labels=labels, filled=filled, made_of=made_of)
        return _moderate(name, sex, labels, filled)


def _moderate(name: str, sex: str, labels: Labels, filled: Mask) -> Base:
    """The base person without huge organs; the fat in their place was not seen."""
    changed = moderated(labels, {key: REFERENCE_ML[key][sex == "female"] for key in MODERATED})
    return Base(name, sex, changed, filled | (changed != labels))
