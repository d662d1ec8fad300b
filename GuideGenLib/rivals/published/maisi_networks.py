"""The networks of MAISI as NVIDIA publishes their weights, read from a folder and checked.

The sizes are those of NV-Generate-CT's configs/config_network_rflow.json (github.com/NVIDIA-Medtech/NV-Generate-CTMR),
the classes MONAI's own. The weights have their own licence, which the user accepts with them: NVIDIA Open Model License
for NV-Generate-CT (the model `rflow-ct`); other weights of the family are for research alone (LICENSE.weights there).
"""

import hashlib
import json
import pickle
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from monai.apps.generation.maisi.networks.autoencoderkl_maisi import AutoencoderKlMaisi
from monai.apps.generation.maisi.networks.controlnet_maisi import ControlNetMaisi
from monai.apps.generation.maisi.networks.diffusion_model_unet_maisi import DiffusionModelUNetMaisi
from torch import Tensor, nn

from GuideGenLib.anatomy.vocabularies import VOCABULARIES
from GuideGenLib.core.errors import FileWarning, GuideGenError
from GuideGenLib.rivals.files import check_tensors

LATENT, BITS, CLASSES, FACTOR = 4, 8, 128, 4
FILES = {
    "autoencoder": ("autoencoder_v1.pt", "autoencoder.pt"),
    "unet": ("diff_unet_3d_rflow-ct.pt", "diffusion_unet.pt"),
    "control": ("controlnet_3d_rflow-ct.pt", "controlnet.pt"),
}
"""Names of the files of NV-Generate-CT, and of MONAI's bundle; in the folder or in its folder models."""
INSIDE = {"unet": "unet_state_dict", "control": "controlnet_state_dict"}
LABELS = "label_dict.json"
WHERE = "give the folder of NV-Generate-CT's weights of the model rflow-ct, which you have from NVIDIA"
SIZES: dict[str, Any] = {
    "autoencoder": (64, 128, 256), "blocks": 2, "groups": 32, "unet": (64, 128, 256, 512), "attention": (2, 3),
    "head": 32, "condition": (8, 32, 64), "splits": 4,
}  # fmt: skip


class PublishedError(GuideGenError):
    """Published weights cannot be used; the message names the file and what does not fit."""

    kind = "bundle"


@dataclass
class MaisiNetworks:
    """scale: of the latents; identity: sha256 of each file."""

    autoencoder: AutoencoderKlMaisi
    unet: nn.Module
    control: nn.Module
    scale: float
    identity: Mapping[str, str]


def build(sizes: Mapping[str, Any] = SIZES, half: bool = False) -> dict[str, nn.Module]:
    """The three networks with random weights. half: norms in half precision and flash attention, as published,
    which need a GPU and change no key."""
    levels = len(sizes["unet"])
    shared: dict[str, Any] = {
        "spatial_dims": 3, "in_channels": LATENT, "num_channels": sizes["unet"], "num_res_blocks": sizes["blocks"],
        "attention_levels": [level in sizes["attention"] for level in range(levels)],
        "num_head_channels": [sizes["head"] if level in sizes["attention"] else 0 for level in range(levels)],
        "norm_num_groups": sizes["groups"], "use_flash_attention": half, "num_class_embeds": CLASSES,
        "resblock_updown": True, "include_fc": True,
    }  # fmt: skip
    steps = len(sizes["autoencoder"])
    return {
        "autoencoder": AutoencoderKlMaisi(
            3, 1, 1, [sizes["blocks"]] * steps, sizes["autoencoder"], [False] * steps, LATENT, sizes["groups"],
            norm_float16=half, num_splits=sizes["splits"], dim_split=1,
        ),
        "unet": DiffusionModelUNetMaisi(out_channels=LATENT, include_spacing_input=True, **shared),
        "control": ControlNetMaisi(
            conditioning_embedding_in_channels=BITS, conditioning_embedding_num_channels=sizes["condition"],
            use_checkpointing=False, **shared,
        ),
    }  # fmt: skip


def read_maisi(folder: Path, device: torch.device, sizes: Mapping[str, Any] = SIZES) -> MaisiNetworks:
    """The networks of a folder. Raises PublishedError for files that are missing, damaged or of other networks, and for
    a label table (`label_dict.json` beside them) that is not the one that our anatomies are written in."""
    _check_labels(folder)
    files = {part: _file(folder, part) for part in FILES}
    networks, scale = build(sizes, half=device.type == "cuda"), None
    for part, path in files.items():
        held = _loaded(path)
        if part == "unet":
            scale = held.get("scale_factor")
        tensors = held.get(INSIDE.get(part, "unet_state_dict"), held)
        if part == "control":  # what its file leaves out begins as the U-Net's
            own = networks["control"].state_dict()
            first = networks["unet"].state_dict()
            shared = {key: value for key, value in first.items() if key in own and own[key].shape == value.shape}
            tensors = {**shared, **tensors}
        _fill(networks[part], tensors, path)
    if not isinstance(scale, Tensor | float) or not float(scale) > 0:
        raise PublishedError(f"{files['unet']} tells no scale of the latents (scale_factor)", WHERE)
    for network in networks.values():
        network.eval().requires_grad_(False).to(device)
    identity = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files.values()}
    return MaisiNetworks(**networks, scale=float(scale), identity=identity)  # type: ignore[arg-type]


def _file(folder: Path, part: str) -> Path:
    for name in FILES[part]:
        for place in (folder, folder / "models"):
            if (place / name).is_file():
                return place / name
    raise PublishedError(f"{folder} has no {' or '.join(FILES[part])}", WHERE)


def _loaded(path: Path) -> dict[str, Any]:
    """What a file holds: tensors, numbers and texts alone, no code is run."""
    try:
        held = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise PublishedError(f"{path} cannot be read as weights ({reason})", "download it again") from error
    if not isinstance(held, dict):
        raise PublishedError(f"{path} holds no weights", WHERE)
    return held


def _fill(network: nn.Module, tensors: Mapping[str, Any], path: Path) -> None:
    """Keys that the network does not have are told and left out, as NVIDIA's own program does."""
    expected = network.state_dict()
    found = {key: value for key, value in tensors.items() if isinstance(value, Tensor)}
    if not set(found) & set(expected):
        raise PublishedError(f"{path} holds weights of another network: no key is known", WHERE)
    more = sorted(set(found) - set(expected))
    if more:
        warnings.warn(FileWarning(f"{path} holds {len(more)} tensors more than are used, as {more[0]}"), stacklevel=2)
    found = {key: value for key, value in found.items() if key in expected}
    try:
        check_tensors(str(path), found, expected, WHERE)
    except GuideGenError as error:
        raise PublishedError(error.message, error.remedy) from error
    network.load_state_dict(found)


def _check_labels(folder: Path) -> None:
    """The label table beside the weights, where there is one, against our map."""
    places = (folder / LABELS, folder / "configs" / LABELS)
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        return
    try:
        told = {str(name): int(value) for name, value in json.loads(path.read_text(encoding="utf-8")).items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise PublishedError(f"{path} is no table of labels ({error})", "restore it, or take it away") from error
    named = {value: name for name, value in told.items()}
    ours = {value: name for value, name in VOCABULARIES["maisi132"].items() if value}
    odd = [
        f"{value} is {named.get(value, 'nothing')}, not {name}"
        for value, name in ours.items()
        if named.get(value) != name
    ]
    if odd:
        more = f" and {len(odd) - 3} more" if len(odd) > 3 else ""
        raise PublishedError(f"{path} has other labels than ours: {'; '.join(odd[:3])}{more}", WHERE)
