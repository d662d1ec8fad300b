"""Twenty follow-up sentences on three generated patients: how many are followed, and what of the CT stays bit for bit.

    python Testing/benchmarks/changes.py --cases DIR      reads or generates DIR/1 to DIR/3, writes DIR/changes.json
    python Testing/benchmarks/changes.py --cases DIR --chain      five changes of one patient, undone step by step

A sentence counts as followed when the description after is what it asks for, the anatomy shows that (sizes to 10 % or a
voxel, the lesion in its new organ or lobe, nothing where something was removed), all labels but those it speaks of and
what gives way stay, and the CT is as it was, bit for bit, farther than 20 mm from what changed. Where that cannot be,
the case has to say so.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from GuideGenLib.generator import Case

PATIENTS = (
    "67-year-old man with a 4 cm tumor in the left upper lobe of the lung, T2aN0M0, portal venous phase.",
    "58 year old woman with a 3 cm tumor in the right lobe of the liver and a 2 cm nodule in the right lower lobe of "
    "the lung.",
    "72-year-old man, 5 cm tumor of the lower pole of the left kidney, T1b, and a 4 cm tumor of the sigmoid colon, T3.",
)
MARGIN_MM = 20.0
CHAIN = (
    "make the liver tumour 1 cm larger",
    "move the nodule to the left upper lobe",
    "add a 2 cm tumour in the left kidney",
    "enlarge the spleen",
    "remove the liver tumour",
)


@dataclass(frozen=True)
class Asked:
    """patient: 1 to 3; sizes: mm of the lesions of a label after it, sorted; places: (label, structure that is to be
    nearest to it); gone: labels that must not be there; grows, shrinks: an organ's label; whole_ct: the CT changes all
    over, and that is said."""

    patient: int
    sentence: str
    sizes: tuple[tuple[str, tuple[float, ...]], ...] = ()
    places: tuple[tuple[str, str], ...] = ()
    gone: tuple[str, ...] = ()
    grows: str = ""
    shrinks: str = ""
    told: str = ""
    whole_ct: bool = False


SENTENCES = (
    Asked(1, "make the tumour 2 cm larger and add a small pleural effusion on the right", (("lung_tumor", (60,)),),
          told="effusion"),
    Asked(1, "Move it to the other side.", (("lung_tumor", (40,)),), (("lung_tumor", "lung_upper_lobe_right"),)),
    Asked(1, "Please remove the tumour.", gone=("lung_tumor",)),
    Asked(1, "restage it as T3", (("lung_tumor", (50,)),), told="T3"),
    Asked(1, "after six months of growth", (("lung_tumor", (50.5,)),)),
    Asked(1, "show the same patient in the arterial phase", (("lung_tumor", (40,)),), whole_ct=True, told="arterial"),
    Asked(1, "make him ten years older", (("lung_tumor", (40,)),), whole_ct=True, told="77"),
    Asked(2, "make the tumour half the size", (("liver_tumor", (15,)), ("lung_tumor", (20,)))),
    Asked(2, "shift the nodule to the left lower lobe and make it 3 cm",
          (("lung_tumor", (30,)), ("liver_tumor", (30,))), (("lung_tumor", "lung_lower_lobe_left"),)),
    Asked(2, "add two 15 mm metastases in the left lobe of the liver", (("liver_tumor", (15, 15, 30)),)),
    Asked(2, "delete the lung nodule; enlarge the liver lesion by 2.5 cm", (("liver_tumor", (55,)),),
          gone=("lung_tumor",)),
    Asked(2, "make the spleen massively enlarged", (("liver_tumor", (30,)),), grows="spleen"),
    Asked(2, "take out the gallbladder", (("liver_tumor", (30,)), ("lung_tumor", (20,))), gone=("gallbladder",)),
    Asked(2, "the nodule is now 12 mm", (("lung_tumor", (12,)), ("liver_tumor", (30,)))),
    Asked(3, "move the kidney tumour to the upper pole of the right kidney",
          (("kidney_tumor", (50,)), ("colon_tumor", (40,))), (("kidney_tumor", "kidney_right"),)),
    Asked(3, "make the renal mass 1.5 cm smaller", (("kidney_tumor", (35,)), ("colon_tumor", (40,)))),
    Asked(3, "let the colon tumour grow for another year", (("colon_tumor", (76.6,)), ("kidney_tumor", (50,)))),
    Asked(3, "both tumours 1 cm larger", (("kidney_tumor", (60,)), ("colon_tumor", (50,)))),
    Asked(3, "move the colon cancer to the transverse colon, without touching the kidney", (("colon_tumor", (40,)),)),
    Asked(3, "make the right kidney atrophic and scan without contrast", shrinks="kidney_right", whole_ct=True,
          told="none"),
)  # fmt: skip


def patient(folder: Path, number: int) -> "Case":
    """A generated case, made by the command line where the folder has none yet."""
    from GuideGenLib.cli.case_folder import CaseFolder

    where = folder / str(number)
    if not (where / "provenance.json").exists():
        command = [sys.executable, "-m", "GuideGenLib.cli.start", "generate", PATIENTS[number - 1], "-o", str(where)]
        options = ["--seed", str(number), "--anatomy-spacing", "2", "--spacing", "2"]
        subprocess.run([*command, *options], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return CaseFolder(where).case()


def check(asked: Asked, before: "Case", after: "Case") -> tuple[list[str], dict[str, Any]]:
    """What is not as asked, and figures."""
    import SimpleITK as sitk
    from scipy import ndimage

    from GuideGenLib.anatomy.table import values
    from GuideGenLib.mask.findings.shapes import longest_extent

    faults = []
    old, new = (sitk.GetArrayFromImage(case.anatomy) for case in (before, after))
    step = before.anatomy.GetSpacing()[0]
    value = values()
    for key, sizes in asked.sizes:
        parts, count = ndimage.label(new == value[key], np.ones((3, 3, 3)))
        pieces = [piece for number in range(1, count + 1) if (piece := parts == number).sum() * step**3 > 100]
        found = sorted(longest_extent(piece, (step,) * 3) for piece in pieces)
        close = len(found) == len(sizes) and all(
            abs(a - b) <= max(0.1 * b, 1.5 * step) for a, b in zip(found, sorted(sizes), strict=True)
        )
        if not close:
            faults.append(f"{key}: {[round(one, 1) for one in found]} mm in place of {list(sizes)}")
    for key, home in asked.places:
        near = ndimage.binary_dilation(new == value[key], iterations=2) & (new != value[key])
        shares = {
            name: float((new[near] == value[name]).mean()) for name in value if name.split("_")[0] == home.split("_")[0]
        }
        if max(shares, key=lambda name: shares[name]) != home:
            faults.append(f"{key} lies in {max(shares, key=lambda name: shares[name])}, not in {home}")
    faults += [f"{key} is still there" for key in asked.gone if (new == value[key]).any()]
    for key, sign in ((asked.grows, 1), (asked.shrinks, -1)):
        if key and sign * (int((new == value[key]).sum()) / int((old == value[key]).sum()) - 1) < 0.3:
            faults.append(f"the {key} did not change enough")
    if asked.told and asked.told not in json.dumps(after.provenance["description"], ensure_ascii=False) + " ".join(
        step_["told"] for step_ in after.provenance["changes"][-1]["steps"]
    ):
        faults.append(f"{asked.told} is not told")
    faults += [f"not understood: {word}" for word in after.provenance["changes"][-1]["not_understood"]]
    notes = " ".join(after.provenance["changes"][-1]["notes"])
    if asked.whole_ct != ("everywhere" in notes):
        faults.append("whether all of the CT changes is not told rightly")
    return faults, figures(
        before, after, old, new, [key for key, _ in asked.sizes] + [*asked.gone, asked.grows, asked.shrinks]
    )


def figures(before: "Case", after: "Case", old: np.ndarray, new: np.ndarray, keys: list[str]) -> dict[str, Any]:
    """How far labels and HU changed: from the voxels whose label changed, and from the lesions and organs of the
    sentence before and after."""
    import SimpleITK as sitk
    from scipy import ndimage

    from GuideGenLib.anatomy.table import values

    changed = old != new
    spoken = np.isin(old, [values()[key] for key in keys if key]) | np.isin(new, [values()[key] for key in keys if key])
    assert before.ct is not None and after.ct is not None
    hu_changed = sitk.GetArrayFromImage(before.ct) != sitk.GetArrayFromImage(after.ct)

    def farthest(source: np.ndarray, where: np.ndarray, spacing: float) -> float | None:
        if not where.any() or not source.any():
            return None
        return round(float(ndimage.distance_transform_edt(~source, sampling=spacing)[where].max()), 1)

    def on_ct(mask: np.ndarray) -> np.ndarray:
        assert before.ct is not None
        image = sitk.GetImageFromArray(mask.astype(np.uint8))
        image.CopyInformation(before.anatomy)
        return (
            sitk.GetArrayFromImage(sitk.Resample(image, before.ct, sitk.Transform(), sitk.sitkNearestNeighbor, 0)) > 0
        )

    step, ct_step = before.anatomy.GetSpacing()[0], before.ct.GetSpacing()[0]
    return {
        "labels_changed": int(changed.sum()),
        "hu_changed_share": round(float(hu_changed.mean()), 4),
        "labels_farthest_from_spoken_mm": farthest(spoken, changed, step),
        "hu_farthest_from_changed_labels_mm": farthest(on_ct(changed), hu_changed, ct_step),
        "hu_farthest_from_spoken_mm": farthest(on_ct(spoken), hu_changed, ct_step),
    }


def run_sentences(folder: Path) -> int:
    """All sentences, each on its patient as generated."""
    from GuideGenLib.generator import Generator

    generator = Generator.from_bundle(device="cpu")
    cases = {number: patient(folder, number) for number in (1, 2, 3)}
    results = []
    for asked in SENTENCES:
        before, start = cases[asked.patient], time.perf_counter()
        try:
            after = generator.change(before, asked.sentence)
            faults, found = check(asked, before, after)
        except ValueError as error:
            faults, found = [str(error)], {}
        far = found.get("hu_farthest_from_changed_labels_mm")
        if not asked.whole_ct and far is not None and far > MARGIN_MM:
            faults.append(f"HU changed {far} mm from the nearest label that changed")
        seconds = round(time.perf_counter() - start, 1)
        results.append({**asdict(asked), "followed": not faults, "faults": faults, "seconds": seconds, **found})
        print(
            json.dumps({k: results[-1][k] for k in ("sentence", "followed", "faults", "seconds")} | found), flush=True
        )
    followed = sum(result["followed"] for result in results)
    print(f"followed: {followed} of {len(results)}")
    (folder / "changes.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
    return 0


def run_chain(folder: Path) -> int:
    """Five changes by the command line, then five times --undo: each state before, byte for byte."""
    from GuideGenLib.cli.main import main

    patient(folder, 2)
    where = folder / "2"

    def state() -> str:
        digest = hashlib.sha256()
        for path in sorted(path for path in where.rglob("*") if path.is_file()):
            digest.update(str(path.relative_to(where)).encode() + path.read_bytes())
        return digest.hexdigest()

    def call(*arguments: str) -> None:
        if main(["edit", str(where), *arguments]) != 0:
            raise SystemExit(f"failed: {arguments}")

    states = [state()]
    for sentence in CHAIN:
        call(sentence)
        states.append(state())
    same = []
    for expected in reversed(states[:-1]):
        call("--undo")
        same.append(state() == expected)
    print(f"states had back byte for byte: {sum(same)} of {len(same)}")
    return 0 if all(same) else 1


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=Path, required=True, metavar="DIR", help="folder of the patients")
    parser.add_argument("--chain", action="store_true", help="five changes undone step by step instead")
    args = parser.parse_args(argv)
    run: Callable[[Path], int] = run_chain if args.chain else run_sentences
    return run(args.cases.absolute())


if __name__ == "__main__":
    sys.exit(main())
