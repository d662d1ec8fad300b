"""Writing a bundle: whole or not at all."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from GuideGenLib.bundle.reading import (
    CONFIG,
    FORMAT,
    PART,
    SUFFIX,
    WITH_PARTS,
    Bundle,
    BundleError,
    file_name,
    labels_hash,
    load_bundle,
)
from GuideGenLib.core.files import replaced, write_json

if TYPE_CHECKING:
    from torch import Tensor

HEADER_BYTES = 120
"""A tensor's own entry in the header of its file: type, shape and place, besides its name."""


def write_bundle(
    path: str | Path,
    tensors: "Mapping[str, Mapping[str, Tensor]]",
    *,
    name: str,
    version: str,
    grid: Mapping[str, Any],
    encoder: Mapping[str, str],
    networks: Mapping[str, Mapping[str, Any]],
    data: Sequence[Mapping[str, str]],
    metrics: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    extra: Mapping[str, Any] | None = None,
    part_bytes: int | None = None,
) -> Bundle:
    """Write {"mask": {...}, ...} as a bundle, whole or not at all, and load it again. Raises BundleError, VolumeError.

    extra: further fields of bundle.json, which only the networks' own code reads. part_bytes: a larger group becomes
    several files of at most so many bytes, name-00001-of-00002.safetensors and so on; each holds some of its tensors.
    An older bundle at `path` is replaced; its other files (a model card) stay.
    """
    from safetensors.torch import save_file

    path = Path(path)
    with replaced(path, lambda file: file.name == CONFIG or file.suffix == SUFFIX) as fresh:
        files = {}
        for stem, group in sorted(tensors.items()):
            for name_of_part, part in _parts(stem, group, part_bytes).items():
                file = fresh / file_name(name_of_part, path)
                save_file({key: value.detach().cpu().contiguous() for key, value in part.items()}, file)
                content = file.read_bytes()
                if part_bytes is not None and len(content) > part_bytes:
                    raise BundleError(
                        f"a tensor of {stem} alone has {len(content) / 1e6:.1f} MB", "allow larger parts with --part-mb"
                    )
                files[file.name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        config = {
            **(extra or {}),
            "format": WITH_PARTS if len(files) > len(tensors) else FORMAT, "name": name, "version": version,
            "grid": dict(grid), "labels": labels_hash(),
            "encoder": dict(encoder), "files": files, "networks": {key: dict(value) for key, value in networks.items()},
            "data": [dict(source) for source in data], "metrics": dict(metrics or {}), "training": dict(training or {}),
        }  # fmt: skip
        write_json(config, fresh / CONFIG)
        load_bundle(fresh)
    return load_bundle(path)


def _parts(stem: str, group: "Mapping[str, Tensor]", part_bytes: int | None) -> "dict[str, dict[str, Tensor]]":
    """The tensors of each file of a group, by the file's name."""
    parts: list[dict[str, Tensor]] = [{}]
    size = 0
    for key, tensor in group.items():
        needed = tensor.nbytes + len(key) + HEADER_BYTES
        if part_bytes is not None and parts[-1] and size + needed > part_bytes:
            parts.append({})
            size = 0
        parts[-1][key] = tensor
        size += needed
    if len(parts) == 1:
        return {stem + SUFFIX: parts[0]}
    return {PART.format(stem=stem, number=i, of=len(parts)): part for i, part in enumerate(parts, start=1)}
