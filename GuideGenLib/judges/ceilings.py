"""How well the segmenter does where the truth is known: what a generated CT can score at best with this judge.

On the labelled scan that was held out, and on rendered people that were held out: the scan is real, but it is one and
does not show every organ; the people show all of them and have lesions, but their CTs are renders like those that the
segmenter learned from.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import load_file, save_file
from scipy import ndimage
from torch import Tensor

from GuideGenLib.core.files import atomic, write_json
from GuideGenLib.data.scans import Scan
from GuideGenLib.judges.agreement import LEAST_ML, ORGANS, compare_organs, dice
from GuideGenLib.judges.renders import Renderer
from GuideGenLib.judges.segmenter import SPACING, TUMOUR, Segmenter, judge_config, to_classes
from GuideGenLib.judges.segmenter_training import score
from GuideGenLib.training.loop.checkpoint import RunError

CEILINGS, WEIGHTS = "ceilings.json", "finished.safetensors"
"""In the run folder of a finished segmenter: its scores, and its weights."""
UNSEEN = 10
FOUND = 0.25
"""Part of a lesion that must be segmented as one for it to count as found."""


def score_people(segmenter: Segmenter, anatomies: Sequence[Path], seed: int) -> dict[str, Any]:
    """Mean Dice by organ on renders like CTs of people that no patch showed, and how lesions are found in them.

    tumour_dice: mean over those who have lesions; tumours_found: share of the lesions of at least 1 ml;
    tumour_false_ml, tumours_false: mean volume and number a person of what is wrongly called lesion, pieces of at least
    1 ml that touch none. None where nobody has one.
    """
    renderer = Renderer(np.random.default_rng(seed))
    organs: dict[str, list[float]] = {organ: [] for organ in ORGANS}
    overlap, found, false_ml, false = [], [], [], []
    for path in anatomies:
        with np.load(path) as stored:
            hu, labels = renderer.render(stored["labels"], like_ct=True)
        segmented = segmenter.segment(hu, SPACING)
        for organ, scored in compare_organs(segmented, labels, SPACING).items():
            if np.isfinite(scored[0]):
                organs[organ].append(scored[0])
        true, called = to_classes(labels) == TUMOUR, segmented == TUMOUR
        if true.any():
            overlap.append(dice(called, true))
        found += _found(called, true)
        false_ml.append(float((called & ~true).sum()) * SPACING**3 / 1000)
        false.append(_false(called, true))
    return {
        "people": len(anatomies), "dice": {organ: float(np.mean(each)) for organ, each in organs.items() if each},
        "tumour_dice": float(np.mean(overlap)) if overlap else None,
        "tumours": len(found), "tumours_found": float(np.mean(found)) if found else None,
        "tumour_false_ml": float(np.mean(false_ml)) if false_ml else None,
        "tumours_false": float(np.mean(false)) if false else None,
    }  # fmt: skip


def _found(called: np.ndarray, true: np.ndarray) -> list[bool]:
    """Whether each connected lesion of at least LEAST_ML is found."""
    parts, count = ndimage.label(true)
    sizes = np.bincount(parts.ravel(), minlength=count + 1)[1:]
    hits = np.bincount(parts[called], minlength=count + 1)[1:]
    large = sizes * SPACING**3 >= 1000 * LEAST_ML
    return [bool(hit >= FOUND * size) for hit, size in zip(hits[large], sizes[large], strict=True)]


def _false(called: np.ndarray, true: np.ndarray) -> int:
    """Connected pieces of at least LEAST_ML that are called lesion and touch none."""
    parts, count = ndimage.label(called)
    sizes = np.bincount(parts.ravel(), minlength=count + 1)[1:]
    hits = np.bincount(parts[true], minlength=count + 1)[1:]
    return int(((sizes * SPACING**3 >= 1000 * LEAST_ML) & (hits == 0)).sum())


def write_ceilings(
    segmenter: Segmenter,
    scan: Scan,
    people: Sequence[Path],
    run: Path,
    training: Mapping[str, object],
    log: Callable[[str], None] = print,
) -> None:
    """Score the held-out scan and people, print it, and keep it in `run` with how it was trained, and the weights."""
    assert scan.spacing == SPACING
    with atomic(run / WEIGHTS) as fresh:
        save_file({key: value.contiguous() for key, value in segmenter.network.state_dict().items()}, fresh)
    real, rendered = score(segmenter, scan), score_people(segmenter, people, 0)
    write_json({"scan": scan.name, **real, "rendered": rendered, "training": dict(training)}, run / CEILINGS)
    log(f"segmenter: DSC on {scan.name} and on {len(people)} rendered people, which it never saw")
    for organ in ORGANS:
        each = [source["dice"].get(organ) for source in (real, rendered)]
        far = real["hd95_mm"].get(organ)
        shown = ["    -" if value is None else f"{value:.3f}" for value in each]
        log(f"  {organ:12s} {shown[0]}  {shown[1]}" + ("" if far is None else f"  95 % surface distance {far:.1f} mm"))
    means = [float(np.mean(list(one.values()))) for one in (real["dice"], rendered["dice"], real["labels"])]
    log(f"  mean         {means[0]:.3f}  {means[1]:.3f}  (all labels of the scan: {means[2]:.3f})")
    if rendered["tumours"]:
        found, overlap, wrong = (rendered[f"tumour{key}"] for key in ("s_found", "_dice", "_false_ml"))
        log(
            f"  {rendered['tumours']} lesions: {100 * found:.0f} % found, DSC {overlap:.3f}; {wrong:.1f} ml too much, "
            f"{rendered['tumours_false']:.1f} false ones a person"
        )


def read_about(run: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The weights of a finished run and what `write_judges` takes with them. Raises RunError."""
    file = run / CEILINGS
    if not file.is_file() or not (run / WEIGHTS).is_file():
        raise RunError(f"{run} was not trained to its end", "run `guidegen train segmenter` again, it goes on")
    ceilings = json.loads(file.read_text(encoding="utf-8"))
    training = ceilings.pop("training")
    return load_file(run / WEIGHTS), {"network": judge_config().to_json(), "ceilings": ceilings, "training": training}
