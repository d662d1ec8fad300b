"""Writing a bundle: whole or not at all."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from GuideGenLib.bundle.reading import CONFIG, FORMAT, SUFFIX, Bundle, file_name, labels_hash, load_bundle
from GuideGenLib.core.files import replaced, write_json

if TYPE_CHECKING:
    from torch import Tensor


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
) -> Bundle:
    """Write {"mask": {...}, ...} as a bundle, whole or not at all, and load it again. Raises BundleError, VolumeError.

    extra: further fields of bundle.json, which only the networks' own code reads.
    An older bundle at `path` is replaced; its other files (a model card) stay.
    """
    from safetensors.torch import save_file

    path = Path(path)
    with replaced(path, lambda file: file.name == CONFIG or file.suffix == SUFFIX) as fresh:
        files = {}
        for stem, group in sorted(tensors.items()):
            file = fresh / file_name(stem + SUFFIX, path)
            save_file({key: value.detach().cpu().contiguous() for key, value in group.items()}, file)
            content = file.read_bytes()
            files[file.name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        config = {
            **(extra or {}),
            "format": FORMAT, "name": name, "version": version, "grid": dict(grid), "labels": labels_hash(),
            "encoder": dict(encoder), "files": files, "networks": {key: dict(value) for key, value in networks.items()},
            "data": [dict(source) for source in data], "metrics": dict(metrics or {}), "training": dict(training or {}),
        }  # fmt: skip
        write_json(config, fresh / CONFIG)
        load_bundle(fresh)
    return load_bundle(path)
