"""A trained model as a folder: bundle.json and *.safetensors, checked before anything of it is used.

    bundle.json
      format    1, or 2 where tensors are in parts; raised when an older loader could not read it
      name, version
      grid      spacing and shape that the networks were trained on
      labels    sha256 of the anatomy table's values and keys
      encoder   package and sha256 of the text encoder
      files     {"mask.safetensors": {"sha256": ..., "bytes": ...}}, or its parts, "mask-00001-of-00002.safetensors" ...
      networks  {"mask": {arguments of the network's class}, "codec": ..., "ct": ...}
      data      [{"name", "licence", "url"}], what it was trained on
      metrics, training, and what else the networks' own code reads

Only safetensors are read, never pickles.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from GuideGenLib.anatomy import table
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.core.resources import resource

if TYPE_CHECKING:
    from torch import Tensor

FORMAT, WITH_PARTS = 1, 2
"""Of bundles, and of those that have a group of tensors in parts, which older versions do not read."""
CONFIG = "bundle.json"
SUFFIX = ".safetensors"
PART = "{stem}-{number:05}-of-{of:05}" + SUFFIX
"""Name of a file that holds a part of the tensors of a group, as in other sharded safetensors."""
DEFAULT = ("Models", "torso-small")
FIELDS: dict[str, type] = {
    "format": int, "name": str, "version": str, "grid": dict, "labels": str, "encoder": dict, "files": dict,
    "networks": dict, "data": list, "metrics": dict, "training": dict,
}  # fmt: skip


class BundleError(GuideGenError):
    """A bundle is missing, altered or does not fit this version; the message names the file and the remedy."""

    kind = "bundle"


@dataclass(frozen=True)
class Bundle:
    """A bundle whose files were all found unaltered; `identity`, its bundle.json's sha256, stands for the whole."""

    path: Path
    config: Mapping[str, Any]
    identity: str

    @property
    def name(self) -> str:
        """Name and version, as provenance has them."""
        return f"{self.config['name']} {self.config['version']}"

    def tensors(self, name: str) -> "dict[str, Tensor]":
        """The tensors of `name`.safetensors, or of its parts, on the CPU, in the type that they are stored in.

        They are mapped from the files, which must stay as they are while the tensors are used. Raises BundleError.
        """
        import safetensors
        from safetensors.torch import load_file

        tensors: dict[str, Tensor] = {}
        for file in self.files(name):
            try:
                tensors |= load_file(_verified(self.path, file, self.config["files"][file]))
            except safetensors.SafetensorError as error:
                raise BundleError(
                    f"file {self.path / file} is no safetensors file ({error}); {_remedy(self.path)}"
                ) from error
        return tensors

    def files(self, name: str) -> list[str]:
        """The files of a group of tensors. Raises BundleError where there are none, or one is not told of."""
        stem, known = name.removesuffix(SUFFIX), self.config["files"]
        if stem + SUFFIX in known:
            return [stem + SUFFIX]
        pattern = re.compile(rf"{re.escape(stem)}-\d{{5}}-of-(\d{{5}}){re.escape(SUFFIX)}")
        parts = {file: int(match[1]) for file in known if (match := pattern.fullmatch(file))}
        if not parts:
            raise BundleError(f"{self.path} has no file {stem + SUFFIX}", "use a bundle that was trained for it")
        wanted = {PART.format(stem=stem, number=i + 1, of=n) for n in parts.values() for i in range(n)}
        if lacking := sorted(wanted - set(parts)):
            raise BundleError(f"{self.path / CONFIG} names no file {lacking[0]}; {_remedy(self.path)}")
        return sorted(parts)


def load_bundle(path: str | Path | None = None) -> Bundle:
    """Read and check a bundle folder; None is the one that ships with the project.

    Checks, in this order: format, fields, labels equal to our table's, and for each file its presence, size and sha256.
    Raises BundleError.
    """
    folder = resource(*DEFAULT) if path is None else Path(path)
    config_path = folder / CONFIG
    if not config_path.is_file():
        raise BundleError(f"{folder} has no {CONFIG}", _remedy(folder))
    content = config_path.read_bytes()
    config = _parse(content, config_path)
    if config["labels"] != labels_hash():
        raise BundleError(
            f"{config_path} was trained for another anatomy table than this version of GuideGen has",
            "install the version that it belongs to, or train it again with `guidegen train`",
        )
    for name, entry in config["files"].items():
        _verified(folder, name, entry)
    return Bundle(folder, config, hashlib.sha256(content).hexdigest())


def labels_hash() -> str:
    """sha256 of the anatomy table's values and keys: what must agree between a bundle and this version."""
    rows = "\n".join(f"{label.value},{label.key}" for label in table.network_labels())
    return hashlib.sha256(rows.encode()).hexdigest()


def check_encoder(bundle: Bundle) -> None:
    """Compare the installed text encoder with the one used in training. Raises BundleError, EncoderError."""
    from GuideGenLib.description.encoder import WEIGHTS, default_folder

    package, wanted = bundle.config["encoder"].get("package"), bundle.config["encoder"].get("sha256")
    file = default_folder() / WEIGHTS
    if not file.is_file():
        raise BundleError(f"the text encoder lacks {file}", f"install {package} again")
    with file.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != wanted:
        raise BundleError(
            f"the text encoder {file} is not the one that the bundle was trained with: its sha256 is {found}, "
            f"{CONFIG} says {wanted}; install {package} again"
        )


def _parse(content: bytes, path: Path) -> dict[str, Any]:
    """The fields of bundle.json, each of its type."""
    try:
        config = json.loads(content)
    except ValueError as error:
        raise BundleError(
            f"file {path} is cut short or altered, it is no JSON ({error}); {_remedy(path.parent)}"
        ) from error
    found = config.get("format") if isinstance(config, dict) else None
    if found not in (FORMAT, WITH_PARTS):
        newer = isinstance(found, int) and found > WITH_PARTS
        raise BundleError(
            f"{path} has format {found!r}, this version of GuideGen reads {FORMAT} and {WITH_PARTS}: "
            + ("upgrade guidegen" if newer else "use a bundle that was written by `guidegen train`")
        )
    for field, kind in FIELDS.items():
        if not isinstance(config.get(field), kind):
            raise BundleError(f"{path}: field {field!r} is missing or no {kind.__name__}; {_remedy(path.parent)}")
    return config


def _verified(folder: Path, name: str, entry: Any) -> Path:
    """The path of one file, after its size and sha256 were found to be those of bundle.json."""
    path = folder / file_name(name, folder)
    if not isinstance(entry, dict) or not {"sha256", "bytes"} <= entry.keys():
        raise BundleError(f"{folder / CONFIG}: file {name} has no sha256 and bytes; {_remedy(folder)}")
    if not path.is_file():
        raise BundleError(f"file {path} is missing, {CONFIG} names it; {_remedy(folder)}")
    size = path.stat().st_size
    if size != entry["bytes"]:
        raise BundleError(
            f"file {path} is altered or not fully copied: it has {size} bytes, {CONFIG} says {entry['bytes']}; "
            + _remedy(folder)
        )
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != entry["sha256"]:
        raise BundleError(
            f"file {path} is altered: its sha256 is {found}, {CONFIG} says {entry['sha256']}; {_remedy(folder)}"
        )
    return path


def file_name(name: str, folder: Path) -> str:
    """The name itself if it is a plain one: a bundle may not reach outside its folder."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*\.safetensors", name):
        raise BundleError(f"{folder / CONFIG} names a file {name!r}", f"only plain names that end in {SUFFIX} are read")
    return name


def _remedy(folder: Path) -> str:
    if folder == resource(*DEFAULT):
        return "install guidegen again, or name another bundle with --bundle"
    return "copy the bundle again, or name another one with --bundle"
