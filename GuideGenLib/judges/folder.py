"""The judges of generated CTs as a folder: judges.json and *.safetensors, checked before anything of it is used.

    judges.json
      format       1
      labels       sha256 of the anatomy table's values and keys
      files        {"segmenter.safetensors": {"sha256": ..., "bytes": ...}, "plain_codec.safetensors": ..., ...}
      segmenter    {"network": arguments of SegmenterConfig, "ceilings": score on the held-out scan, "training": ...}
      classifiers  what `Classifiers.load` takes, or null; they have no weights
      plain_codec  {"encoder": of the codec that it was trained for, "training": ...}, or null; may be missing

None of them ever saw what a generator made. The plain codec is no judge: it is a decoder of one of the ablations, which
the judges judge.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors.torch import load, save

from GuideGenLib.bundle import labels_hash
from GuideGenLib.core.device import choose_device
from GuideGenLib.core.errors import EvaluationError
from GuideGenLib.core.files import replaced, write_json
from GuideGenLib.core.resources import resource
from GuideGenLib.judges.plain_codec import PlainCodec, decoder_tensors, encoder_hash
from GuideGenLib.judges.segmenter import Segmenter

if TYPE_CHECKING:
    from torch import Tensor

    from GuideGenLib.judges.classifiers import Classifiers

FORMAT = 1
DEFAULT = ("Models", "judges-small")
CONFIG = "judges.json"
SEGMENTER, CLASSIFIERS, PLAIN_CODEC = "segmenter", "classifiers", "plain_codec"
SUFFIX = ".safetensors"
WHERE = (
    "the judges come with a clone of the repository, not with the installed package: run in a clone (pip install -e), "
    "name its Resources/Models/judges-small where a command has --judges, or train others (`guidegen train segmenter`, "
    "`guidegen train judges`)"
)
"""What to do where there are none."""


@dataclass(frozen=True)
class Judges:
    """What generated CTs are judged with. ceilings: the segmenter's Dice per organ on a real scan that it never saw.

    identity: sha256 of judges.json, which names the hash of every file; about: judges.json itself; plain_codec: for
    the ablation without HDR loss, None where none was trained.
    """

    segmenter: Segmenter
    classifiers: "Classifiers | None"
    ceilings: dict[str, float]
    identity: str
    about: Mapping[str, Any]
    plain_codec: PlainCodec | None = None


def load_judges(path: Path | None = None, device: str = "auto") -> Judges:
    """Read and check a folder of judges; None is the one of the checkout.

    device: where the segmenter runs, as `choose_device` names it. Raises EvaluationError, DeviceError.
    """
    folder = resource(*DEFAULT) if path is None else Path(path)
    file = folder / CONFIG
    if not file.is_file():
        raise EvaluationError(f"{folder} has no {CONFIG}", WHERE)
    content = file.read_bytes()
    about = _parse(content, file)
    try:
        told = about[SEGMENTER]
        segmenter = Segmenter.load(_tensors(folder, SEGMENTER, about), told["network"], str(choose_device(device)))
        ceilings = {str(organ): float(value) for organ, value in told["ceilings"]["dice"].items()}
        classifiers = None
        if about[CLASSIFIERS] is not None:
            from GuideGenLib.judges.classifiers import Classifiers

            classifiers = Classifiers.load(about[CLASSIFIERS], segmenter)
        plain = None
        if about.get(PLAIN_CODEC) is not None:
            decoder, hashed = _tensors(folder, PLAIN_CODEC, about), about["files"][PLAIN_CODEC + SUFFIX]["sha256"]
            plain = PlainCodec(decoder, about[PLAIN_CODEC]["encoder"], hashed)
    except (KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise EvaluationError(f"{file} does not fit its files or this version ({error})", _remedy(folder)) from error
    return Judges(segmenter, classifiers, ceilings, hashlib.sha256(content).hexdigest(), about, plain)


def write_judges(
    path: Path,
    segmenter: "Mapping[str, Tensor]",
    segmenter_about: Mapping[str, Any],
    classifiers: Mapping[str, Any] | None = None,
    plain_codec: "tuple[Mapping[str, Tensor], Mapping[str, Any]] | None" = None,
) -> Judges:
    """Write weights (as half precision) and what is told of them, whole or not at all, and load the folder again.

    segmenter_about: {"network": SegmenterConfig as JSON, "ceilings": {"dice": ..., ...}, "training": ...}.
    classifiers: what `Classifiers.load` takes; plain_codec: weights of a whole codec, of which
    the decoder is kept, and how they were trained. An older folder's further files stay.
    Raises EvaluationError, VolumeError.
    """
    path = Path(path)
    groups = {SEGMENTER: _half(segmenter)}
    groups |= {PLAIN_CODEC: decoder_tensors(plain_codec[0])} if plain_codec else {}
    files: dict[str, dict[str, Any]] = {}
    ours = {CONFIG, *(name + SUFFIX for name in (SEGMENTER, CLASSIFIERS, PLAIN_CODEC))}
    with replaced(path, lambda file: file.name in ours) as fresh:
        for name, tensors in groups.items():
            content = save({key: value.detach().cpu().contiguous() for key, value in tensors.items()})
            (fresh / (name + SUFFIX)).write_bytes(content)
            files[name + SUFFIX] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        about = {
            "format": FORMAT, "labels": labels_hash(), "files": files, SEGMENTER: dict(segmenter_about),
            CLASSIFIERS: dict(classifiers) if classifiers else None,
            PLAIN_CODEC: None,
        }  # fmt: skip
        if plain_codec:
            about[PLAIN_CODEC] = {"encoder": encoder_hash(plain_codec[0]), "training": dict(plain_codec[1])}
        write_json(about, fresh / CONFIG)
        load_judges(fresh)
    return load_judges(path)


def _half(tensors: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
    """Weights in half precision: the judges ship in a few megabytes. Whole numbers stay as they are."""
    return {key: value.half() if value.is_floating_point() else value for key, value in tensors.items()}


def _parse(content: bytes, file: Path) -> dict[str, Any]:
    try:
        about = json.loads(content)
    except ValueError as error:
        raise EvaluationError(f"{file} is no JSON ({error})", _remedy(file.parent)) from error
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise EvaluationError(f"{file} is not of format {FORMAT}, which this version reads", _remedy(file.parent))
    if about.get("labels") != labels_hash():
        raise EvaluationError(
            f"{file} was made for another anatomy table",
            "use judges of this version, or train them again with "
            "`guidegen train segmenter` and `guidegen train judges`",
        )
    return about


def _tensors(folder: Path, name: str, about: Mapping[str, Any]) -> "dict[str, Tensor]":
    """The tensors of one file, after its sha256 was found to be that of judges.json."""
    file = folder / (name + SUFFIX)
    wanted = about["files"][file.name]["sha256"]
    if not file.is_file():
        raise EvaluationError(f"{file} is missing", _remedy(folder))
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != wanted:
        raise EvaluationError(f"{file} is altered or not fully copied, its sha256 is not the told one", _remedy(folder))
    try:
        return load(content)
    except SafetensorError as error:
        raise EvaluationError(f"{file} is no safetensors file ({error})", _remedy(folder)) from error


def _remedy(folder: Path) -> str:
    if folder == resource(*DEFAULT):
        return "get the files of the repository again (`git checkout`, `git pull`), or name other judges with --judges"
    return "copy the judges again, or name others with --judges"
