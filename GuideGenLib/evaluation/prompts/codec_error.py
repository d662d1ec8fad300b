"""Error of the codec on real CT that no training saw: encode, decode, compare."""

import argparse
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional as nnf

from GuideGenLib.codec.network import FACTOR, CodecNetwork
from GuideGenLib.core.arguments import data_folder, opening
from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.core.files import atomic, write_json
from GuideGenLib.data.scans import held_out_cts, sampled
from GuideGenLib.evaluation.prompts.text_report import table

if TYPE_CHECKING:
    from GuideGenLib.generator.models import Models

SPACING_MM = 2.0
BODY_HU = -950.0
WINDOW = (-160.0, 240.0)
"""The 40/400 window in HU."""
TISSUES: dict[str, tuple[float, float]] = {
    "lung": (-950, -600), "fat": (-150, -50), "soft": (0, 100), "enhanced": (100, 250), "bone": (250, 4000),
}  # fmt: skip
"""HU ranges of the original by which voxels are told apart, as the scans have no labels."""
SHOWN = {"lung": (-600, 1500), "soft tissue": (40, 400), "bone": (400, 1800)}
"""Centre and width in HU of the picture's rows."""
DIFFERENCE_SHARE = 0.25
"""The difference is shown in a window of this part of the width, 0 HU in the middle."""
WANTED = {"body": 25.0, "window": 12.0}


@dataclass(frozen=True)
class CodecError:
    """Mean absolute errors in HU of one scan.

    body: voxels above -950 HU; window: those that lie inside the 40/400 window; clipped: over the body with both sides
    clipped to that window, as a viewer shows it; tissues: by the HU range of the original; sharpness: root mean square
    gradient of the decoded volume over that of the original in lung and in bone (1 is as sharp, less is smeared; the
    plain mean would not see a smeared edge, which is as high and only wider).
    """

    name: str
    body: float
    window: float
    clipped: float
    tissues: dict[str, float]
    sharpness: dict[str, float]


def check_codec(args: argparse.Namespace) -> int:
    """`guidegen check --codec`."""
    data = data_folder()
    if data is None:
        raise EvaluationError("GUIDEGEN_DATA names no folder", "set it to the folder of the real scans")
    from GuideGenLib.generator import Generator

    args.output.mkdir(parents=True, exist_ok=True)
    models = Generator.from_bundle(**opening(args)).models
    errors = []
    for name, ct in held_out_cts(data):
        hu = sampled(ct, SPACING_MM).astype(np.float32)
        decoded = decoded_again(hu, models)
        errors.append(compare(name, hu, decoded))
        write_picture(hu, decoded, args.output / f"codec_{name}.png")
    if not errors:
        raise EvaluationError(f"{data} has no scan that was held out", "name some in its cases.csv, column split")
    print("Mean absolute error in HU on scans that no training saw:\n" + errors_table(errors))
    write_json(as_json(errors), args.output / "codec.json")
    print(f"\nIn {args.output}: codec.json and a picture of each scan (original, decoded, difference)")
    return 0


@torch.inference_mode()
def decoded_again(hu: np.ndarray, models: "Models") -> np.ndarray:
    """HU float32 [z, y, x] through the codec and back, without labels."""
    codec: CodecNetwork = models.ct.codec
    pad = [side for n in reversed(hu.shape) for side in (0, -n % FACTOR)]
    volume = nnf.pad(torch.from_numpy(hu)[None, None], pad, mode="replicate").to(models.device)
    with models.autocast():
        again = codec.decode(codec.encode(volume))
    z, y, x = hu.shape
    return again[0, 0, :z, :y, :x].float().cpu().numpy()


def compare(name: str, original: np.ndarray, decoded: np.ndarray) -> CodecError:
    """The errors of a decoded volume; both in HU [z, y, x]. A tissue that the scan lacks is left out."""
    error = np.abs(decoded - original)
    body = original > BODY_HU
    low, high = WINDOW
    inside = (original >= low) & (original <= high)
    clipped = np.abs(np.clip(decoded, low, high) - np.clip(original, low, high))
    ranges = {tissue: (original >= a) & (original < b) for tissue, (a, b) in TISSUES.items()}
    there = {tissue: mask for tissue, mask in ranges.items() if mask.any()}
    return CodecError(
        name,
        float(error[body].mean()),
        float(error[inside].mean()),
        float(clipped[body].mean()),
        {tissue: float(error[mask].mean()) for tissue, mask in there.items()},
        {t: _gradient(decoded, there[t]) / _gradient(original, there[t]) for t in ("lung", "bone") if t in there},
    )


def _gradient(hu: np.ndarray, mask: np.ndarray) -> float:
    steps = np.stack([np.gradient(hu.astype(np.float32), axis=axis) for axis in range(3)])[:, mask]
    return float(np.sqrt((steps**2).sum(axis=0).mean()))


def errors_table(errors: list[CodecError]) -> str:
    """One line a scan."""
    rows = [("scan", "body", "40/400 window", "clipped to it", *TISSUES, "sharp lung", "sharp bone")]
    for one in errors:
        tissues = [f"{one.tissues[t]:.1f}" if t in one.tissues else "-" for t in TISSUES]
        sharp = [f"{one.sharpness[t]:.2f}" if t in one.sharpness else "-" for t in ("lung", "bone")]
        rows.append((one.name, f"{one.body:.1f}", f"{one.window:.1f}", f"{one.clipped:.1f}", *tissues, *sharp))
    rows.append(("wanted under", f"{WANTED['body']:g}", f"{WANTED['window']:g}", *[""] * (len(rows[0]) - 3)))
    return table(rows)


def as_json(errors: list[CodecError]) -> dict[str, Any]:
    """The errors with what they were taken on."""
    return {"spacing_mm": SPACING_MM, "wanted_under_hu": WANTED, "scans": [asdict(one) for one in errors]}


def write_picture(original: np.ndarray, decoded: np.ndarray, path: Path) -> None:
    """PNG: a row a window, in columns an axial slice of the original, of the decoded volume, and their difference."""
    from matplotlib.image import imsave

    z = int(np.argmax((original > BODY_HU).sum(axis=(1, 2))))
    before, after = original[z], decoded[z]
    rows = []
    for centre, width in SHOWN.values():
        pair = [np.clip((part - centre) / width + 0.5, 0, 1) for part in (before, after)]
        difference = np.clip((after - before) / (DIFFERENCE_SHARE * width) + 0.5, 0, 1)
        rows.append(np.concatenate([*pair, difference], axis=1))
    with atomic(path) as private:
        imsave(private, np.concatenate(rows, axis=0), cmap="gray", vmin=0, vmax=1, format="png")
