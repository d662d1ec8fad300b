"""Fine-tuning: the networks of a bundle as the beginning of a run folder, `guidegen train ... --init BUNDLE`."""

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as nnf

from GuideGenLib.bundle.reading import Bundle, load_bundle
from GuideGenLib.core.files import write_json, write_text
from GuideGenLib.ct.offsets import as_lists, offsets_of
from GuideGenLib.mask.layout import LAYOUT
from GuideGenLib.mask.network import MaskConfig, MaskNetwork
from GuideGenLib.mask.sampler import BIAS, read_bias
from GuideGenLib.training.calibrate import CALIBRATION
from GuideGenLib.training.calibrate_ct import OFFSET
from GuideGenLib.training.loop.checkpoint import CHECKPOINT, RunError, named, part_of, steps_done, write_state
from GuideGenLib.training.networks.ct import SPREAD

INITIAL = "initial.json"
"""In a run folder: path and identity of the bundle that it began with, and which stages did."""

BEGINS_WITH = {"codec_grain": "codec"}
"""The stage whose weights in a bundle another one goes on from."""


def start_from(bundle: Bundle, run: Path, stage: str = "bundle") -> None:
    """Lay the networks of a bundle into `run` as checkpoints of step 0, for each stage that has none there yet.

    stage: the one that is to be trained next. Raises RunError when the folder began with another bundle, or that stage
    with none.
    """
    note, known = run / INITIAL, initial_bundle(run)
    if known is not None and known.identity != bundle.identity:
        raise RunError(f"{run} began with another bundle, {known.path}", "choose another run folder")
    folder = stage.replace("-", "_")
    if (run / folder / CHECKPOINT).is_file() and BEGINS_WITH.get(folder, folder) not in begun_with_bundle(run):
        raise RunError(f"the {stage} of {run} did not begin with a bundle", "choose another run folder for --init")
    mask, ct = bundle.tensors("mask"), bundle.tensors("ct")
    stages = {
        "codec": bundle.tensors("codec"),
        "mask": {k: v for k, v in mask.items() if not k.startswith((BIAS, "skeleton.", "vessels.", LAYOUT))},
        "ct_mean": {k[5:]: v for k, v in ct.items() if k.startswith("mean.")},
        "ct_flow": {k[5:]: v for k, v in ct.items() if k.startswith("flow.")},
    }
    run.mkdir(parents=True, exist_ok=True)
    missing = [name for name in stages if not (run / name / CHECKPOINT).is_file()]
    begun = sorted({*begun_with_bundle(run), *missing})
    write_json({"path": str(bundle.path.resolve()), "identity": bundle.identity, "stages": begun}, note)
    for name in missing:
        _checkpoint(run / name, stages[name])
    for path, content in (
        (run / "mask" / CALIBRATION, {"bias": {name: bias.tolist() for name, bias in read_bias(mask).items()}}),
        (run / "ct_flow" / SPREAD, ct["spread"].tolist()),
        (run / "ct_flow" / OFFSET, as_lists(offsets_of(bundle.config, ct))),
    ):
        if path.parent.name in begun and not path.is_file():
            write_text(json.dumps(content), path)


def begun_with_bundle(run: Path) -> tuple[str, ...]:
    """The folders of the stages of a run that began with a bundle; all of them where an older record tells none."""
    note = run / INITIAL
    told = json.loads(note.read_text(encoding="utf-8")) if note.is_file() else {"stages": ()}
    return tuple(told.get("stages", ("codec", "mask", "ct_mean", "ct_flow")))


def onto_canvas(folder: Path, config: MaskConfig) -> None:
    """Lay the mask network that a run folder begins with onto the canvas of `config`, in the middle of it.

    Its maps of position go on as they are at their sides; what the network is told besides, it was never told. A run
    that has begun is left as it is.
    """
    if not (folder / CHECKPOINT).is_file() or steps_done(folder) > 0:
        return
    kept = part_of(load_file(folder / CHECKPOINT), "average")
    network = MaskNetwork(config).state_dict()
    for key, wanted in network.items():
        if key in kept and key.startswith("position."):
            kept[key] = _centred(kept[key], wanted.shape[2:])
        elif key not in kept and key.startswith("layout_"):
            kept[key] = wanted
    _checkpoint(folder, kept)


def _centred(volume: Tensor, shape: Sequence[int]) -> Tensor:
    """[1, C, z, y, x] on a grid of another size with the same middle, interpolated; the edge goes on outside."""
    axes = [(torch.arange(new) + 0.5 - new / 2) * 2 / old for new, old in zip(shape, volume.shape[2:], strict=True)]
    z, y, x = torch.meshgrid(*axes, indexing="ij")
    where = torch.stack((x, y, z), -1)[None]
    return nnf.grid_sample(volume.float(), where, padding_mode="border", align_corners=False)


def initial_bundle(run: Path) -> Bundle | None:
    """The bundle that a run folder began with, None where it began from nothing. Raises BundleError, RunError."""
    note = run / INITIAL
    if not note.is_file():
        return None
    told = json.loads(note.read_text(encoding="utf-8"))
    bundle = load_bundle(told["path"])
    if bundle.identity != told["identity"]:
        raise RunError(f"{bundle.path} is no longer the bundle that {run} began with", "put it back")
    return bundle


def _checkpoint(folder: Path, tensors: dict[str, Tensor]) -> None:
    """Weights and their average at step 0, without an optimiser."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {key: value.float() if value.is_floating_point() else value for key, value in tensors.items()}
    average = {key: value.clone() for key, value in weights.items()}  # a file holds no memory twice
    write_state(folder / CHECKPOINT, named("network", weights) | named("average", average), {"step": 0, "seconds": 0.0})
