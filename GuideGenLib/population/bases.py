"""The people that a population is drawn from: the joined torso, the label maps of real people completed to whole
torsos, and each of them with the abdomen of others.

They are made once and kept, one file each, in `people` of the run folder.
"""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from GuideGenLib.anatomy.tissues import select
from GuideGenLib.core.files import atomic
from GuideGenLib.core.progress import Progress, silent, within
from GuideGenLib.data.cases import DataError
from GuideGenLib.population.completing import ABDOMEN, complete, exchanged, fit, moderated, warped
from GuideGenLib.population.organs import REFERENCE_ML
from GuideGenLib.population.people import Labels, Mask, Person
from GuideGenLib.population.sampling import KeptBase
from GuideGenLib.population.template_labels import SPACING
from GuideGenLib.population.torso import Torso

PEOPLE = "people"
"""Folder of a run with the base people."""
WIDTH, DEPTH = 144, 128
"""Voxels of 3 mm across and from front to back: an obese person fits in."""
MODERATED = ("liver", "spleen", "pancreas", "kidney_left", "kidney_right", "adrenal_left", "adrenal_right")
"""Organs that no base person has far too large: one sick person must not make a whole population sick."""
DONORS = 3
"""Others whose abdomen each person is given as well."""
MANY = 40
"""Of more people than these each is completed once and keeps the own abdomen: they are varied enough."""
LEAST_WIDTH_MM = 250.0
"""Of the field of view of who becomes a base person."""
ORGANS = ("liver", "spleen", "stomach", "small_bowel", "colon", "kidney_left", "kidney_right")
LEAST_ORGANS = 5
"""Of ORGANS that who becomes a base person shows: where fewer are named, fat would take the room of the others."""
METHOD = 2
"""Raised when the same people would be completed otherwise than before."""


def kept_people(folder: Path) -> list[KeptBase]:
    """The base people in `folder`, those of one name as they were made last, in order of their names.

    Who has a prostate is a man, as in `template`. Raises DataError where there is nobody.
    """
    newest = {_name_of(path): path for path in sorted(folder.glob("*.npz"), key=lambda path: path.stat().st_mtime)}
    if not newest:
        raise DataError(f"{folder} holds no people", "run `guidegen train population` first, or name its run folder")
    found = []
    for name, path in sorted(newest.items()):
        with np.load(path) as stored:
            sex = "male" if select(stored["labels"], ("prostate",)).any() else "female"
        found.append(KeptBase(name, sex, path, path.stem.rsplit(" ", 1)[1]))
    return found


def _name_of(path: Path) -> str:
    """The name of a base person by its file, see `_kept`."""
    return path.stem.rsplit(" ", 1)[0]


def bones_of(name: str) -> str:
    """Whose bones a base person has, by its name: those of the case that was completed, not of host or donor."""
    return name.split(" with ")[0].split(" in ")[0]


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


def base_people(
    joined: Torso, people: Sequence[Person], folder: Path, processes: int = 1, progress: Progress = silent
) -> list[KeptBase]:
    """All base people, the joined torso first; about half a minute each, kept in `folder`.

    joined: of whom what the people lack is taken. Those whose lumbar spine, flanks or organs are not shown are left
    aside, and so are those that the torso is joined of.
    """
    folder.mkdir(parents=True, exist_ok=True)
    people = [person for person in people if person.name not in joined.sources and _can_be_completed(person)]
    torso = deepened(widened(joined.labels))
    own = _kept(folder, "torso", "female" if select(torso, ("uterus",)).any() else "male", ("torso", _hash(torso)))
    if not own.path.is_file():
        _write(own, torso, np.zeros(torso.shape, bool))
    progress("people", 0.0)
    with_chest = [person for person in people if _has_chest(person)]
    whole = [own, *_made(folder, [(person, own) for person in with_chest], processes)]
    others, hosts, again = [person for person in people if not _has_chest(person)], [], []
    for person in others:
        alike = [base for base in whole[1:] if person.sex in (None, base.sex)]
        hosts.append((person, alike[0] if alike else own))
        again += [(person, own)] if alike else []
    progress("people", 0.2)
    made = whole + _made(folder, hosts, processes)
    progress("people", 0.3)
    if len(made) > MANY:
        progress("people", 1.0)
        return made
    second = _made(folder, again, processes)
    count = len(made)
    pairs = [(made[i], made[(i + step) % count]) for i in range(count) for step in range(1, min(DONORS, count - 1) + 1)]
    exchanges = _made(folder, pairs, processes, within(progress, 0.4, 1.0))
    progress("people", 1.0)
    return [*made, *second, *exchanges]


def _can_be_completed(person: Person) -> bool:
    """Whether the spine can be laid on another one, and enough is seen and named about it."""
    wide = int(np.count_nonzero(person.seen.any((0, 1)))) * SPACING
    named = len(person.structures & set(ORGANS)) >= LEAST_ORGANS
    return "vertebrae_lumbar" in person.structures and named and wide >= LEAST_WIDTH_MM


def _has_chest(person: Person) -> bool:
    """Whether the chest is shown up to the collar bones."""
    return {"clavicle_left", "lung_upper_lobe_left"} <= person.structures


Pair = tuple[Person | KeptBase, KeptBase]
"""A person and the host who completes it, or a base person and the donor of another abdomen."""


def _made(folder: Path, pairs: Sequence[Pair], processes: int, progress: Progress = silent) -> list[KeptBase]:
    """What each pair makes, read where it was kept and is still made of the same, in `processes` processes else."""
    wanted = [_base_of(folder, *pair) for pair in pairs]
    missing = [(pair, base) for pair, base in zip(pairs, wanted, strict=True) if not base.path.is_file()]
    if processes < 2:
        for done, job in enumerate(missing):
            progress("people", done / len(missing))
            _make(*job)
    else:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            for done, _ in enumerate(pool.map(_make, *zip(*missing, strict=True)) if missing else ()):
                progress("people", (done + 1) / len(missing))
    return wanted


def _base_of(folder: Path, first: Person | KeptBase, second: KeptBase) -> KeptBase:
    if isinstance(first, Person):
        name, sex = f"{first.name} in {second.name}", first.sex or second.sex
        return _kept(folder, name, sex, (_hash(first.marked), str(sorted(first.known)), second.made_of))
    return _kept(folder, f"{first.name} with {second.name}", first.sex, (first.made_of, second.made_of))


def _kept(folder: Path, name: str, sex: str, parts: tuple[str, ...]) -> KeptBase:
    made_of = hashlib.sha256("\n".join((str(METHOD), sex, *parts)).encode()).hexdigest()[:16]
    return KeptBase(name, sex, folder / f"{name} {made_of}.npz", made_of)


def _hash(labels: Labels) -> str:
    return hashlib.sha256(labels.tobytes()).hexdigest()


def _make(pair: Pair, base: KeptBase) -> None:
    """Draw one base person and keep it."""
    first, host = pair[0], pair[1].load()
    if isinstance(first, Person):
        own, seen = first.labels, first.seen
        labels = complete(first, host.labels, fit(own, seen, host.labels))
        filled = ~(seen & (own > 0) & (labels == own))
    else:
        body = first.load()
        assert body.filled is not None and host.filled is not None
        warp = fit(body.labels, np.ones(body.labels.shape, bool), host.labels)
        labels = exchanged(body.labels, host.labels, warp)
        other = warped(host.filled.view(np.uint8), warp) > 0
        filled = np.where(select(labels, ABDOMEN), other, body.filled | (labels != body.labels))
    # a huge organ is made smaller; the fat in its place was not seen
    changed = moderated(labels, {key: REFERENCE_ML[key][base.sex == "female"] for key in MODERATED})
    _write(base, changed, filled | (changed != labels))


def _write(base: KeptBase, labels: Labels, filled: Mask) -> None:
    with atomic(base.path) as private, private.open("wb") as file:
        np.savez_compressed(file, labels=labels, filled=filled)
