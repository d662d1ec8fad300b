"""What the worker does for each request: with the generator, which stays loaded, and volumes in the private folder."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.core.progress import Progress
from GuideGenLib.core.seeds import LARGEST_SEED
from GuideGenLib.engine.environment import TORSO_MM3, require_memory
from GuideGenLib.engine.exchange import SUFFIX, exchange_path, read_exchange, write_exchange
from GuideGenLib.engine.pace import Pace
from GuideGenLib.engine.protocol import (
    CTDone,
    CTRequest,
    DescribeDone,
    DescribeRequest,
    MaskDone,
    MaskRequest,
    RegenerateRequest,
    Request,
    Result,
    Start,
)

if TYPE_CHECKING:
    import SimpleITK as sitk

    from GuideGenLib.description import Description
    from GuideGenLib.generator import Generator

STEPS, SPACING_MM = 1000, (0.5, 6.0)


class RequestError(GuideGenError):
    """A number of a request is outside of what is served; the message says what is."""


class Service:
    """Serves one request at a time; `open_generator` is called at the first one that needs it."""

    def __init__(self, start: Start, open_generator: "Callable[[Start], Generator] | None" = None) -> None:
        self._start = start
        self._folder = Path(start.folder)
        self._open = open_generator or _open_generator
        self._generator: Generator | None = None

    def serve(self, request: Request, pace: Pace, check: Callable[[], None]) -> Result:
        """Do it; volumes of the result are paths in the private folder.

        `check` is called at each step and raises `Cancelled` to stop. Raises the library's errors.
        """
        if isinstance(request, DescribeRequest):
            pace.working("describe")
            return _describe(request.text)
        inputs = self._take_volumes(request)
        check_request(request)
        description = _description(request.description)
        check()
        generator = self._loaded(pace)
        check()

        def progress(stage: str, fraction: float) -> None:
            check()
            pace.step(stage, fraction)

        pace.working("mask" if isinstance(request, MaskRequest) else "ct")
        if isinstance(request, MaskRequest):
            return self._mask(generator, request, description, progress)
        if isinstance(request, CTRequest):
            return self._ct(generator, request, inputs["anatomy"], description, progress)
        return self._regenerate(generator, request, inputs, description, progress)

    # ------------------------------------------------------------ the kinds of requests

    def _mask(
        self, generator: "Generator", request: MaskRequest, description: "Description", progress: Progress
    ) -> MaskDone:
        region = request.region or description.region or "torso"
        _require_memory(generator, TORSO_MM3 * _height(region))
        result = generator.synthesize_mask(
            description, seed=request.seed, region=request.region, steps=request.steps, progress=progress
        )
        settings = {
            "seed": request.seed, "region": region, "sampler": "flow", "mask_steps": request.steps, "guidance": None
        }  # fmt: skip
        provenance = generator.provenance(description, settings, result)
        path = self._put(result.anatomy, request.id)
        return MaskDone(path, provenance["lesions"], provenance["checks"], provenance)

    def _ct(
        self,
        generator: "Generator",
        request: CTRequest,
        anatomy: "sitk.Image",
        description: "Description",
        progress: Progress,
    ) -> CTDone:
        from GuideGenLib.anatomy.label_volumes import require_anatomy

        anatomy = require_anatomy(anatomy)
        _require_memory(generator, _size_mm3(anatomy))
        options = {} if request.steps is None else {"steps": request.steps}
        ct = generator.synthesize_ct(
            anatomy, description, seed=request.seed, spacing=request.spacing, progress=progress, **options
        )
        settings = {
            "seed": request.seed,
            "spacing_mm": request.spacing,
            "ct_steps": request.steps,
            "anatomy_voxels_sha256": _voxels_sha256(anatomy),
        }
        return CTDone(self._put(ct, request.id), generator.provenance(description, settings))

    def _regenerate(
        self,
        generator: "Generator",
        request: RegenerateRequest,
        inputs: "dict[str, sitk.Image]",
        description: "Description",
        progress: Progress,
    ) -> CTDone:
        options = {} if request.steps is None else {"steps": request.steps}
        ct = generator.regenerate_ct(
            inputs["ct"],
            inputs["anatomy"],
            inputs["edited"],
            description,
            seed=request.seed,
            margin_mm=request.margin_mm,
            progress=progress,
            **options,
        )
        settings = {
            "seed": request.seed,
            "ct_steps": request.steps,
            "margin_mm": request.margin_mm,
            **{f"{name}_voxels_sha256": _voxels_sha256(image) for name, image in inputs.items()},
        }
        return CTDone(self._put(ct, request.id), generator.provenance(description, settings))

    # ------------------------------------------------------------ inside

    def _loaded(self, pace: Pace) -> "Generator":
        if self._generator is None:
            pace.loading()
            self._generator = self._open(self._start)
        return self._generator

    def _take_volumes(self, request: Request) -> "dict[str, sitk.Image]":
        """The request's volumes by field; those in the private folder are deleted, a user's own files are not."""
        volumes = {}
        for name, read in _readers(request).items():
            path = Path(getattr(request, name))
            private = path.parent == self._folder and path.suffix == SUFFIX
            volumes[name] = read_exchange(path) if private else read(path)
        return volumes

    def _put(self, image: "sitk.Image", id: str) -> str:
        path = exchange_path(self._folder, id, "result")
        write_exchange(image, path)
        return str(path)


def check_request(request: MaskRequest | CTRequest | RegenerateRequest) -> None:
    """Refuse numbers that make no sense before any work. Raises RequestError."""
    if not 0 <= request.seed <= LARGEST_SEED:
        raise RequestError(f"seed is {request.seed}", f"give a whole number from 0 to {LARGEST_SEED}")
    if request.steps is not None and not 1 <= request.steps <= STEPS:
        raise RequestError(f"steps is {request.steps}", f"give 1 to {STEPS}, or none for the default")
    if isinstance(request, MaskRequest):
        _height(request.region or "torso")
    if isinstance(request, RegenerateRequest) and not 0 < request.margin_mm <= 500:
        raise RequestError(f"margin_mm is {request.margin_mm:g}", "give more than 0 and up to 500 mm, for example 20")
    if isinstance(request, CTRequest) and request.spacing is not None:
        low, high = SPACING_MM
        if not low <= request.spacing <= high:
            raise RequestError(
                f"spacing is {request.spacing:g} mm", f"give {low:g} to {high:g} mm, or the anatomy's own"
            )


def _open_generator(start: Start) -> "Generator":
    """The generator of the bundle; a bad one is told before torch is imported."""
    from GuideGenLib.bundle import load_bundle

    bundle = None if start.bundle is None else Path(start.bundle)
    load_bundle(bundle)
    import torch

    from GuideGenLib.generator import Generator

    if start.threads is not None:
        torch.set_num_threads(start.threads)
    return Generator.from_bundle(bundle, device=start.device)


def _readers(request: Request) -> "dict[str, Callable[[Path], sitk.Image]]":
    """The volume fields of a request with the function that reads a user's file of that kind."""
    from GuideGenLib.anatomy.label_volumes import read_anatomy
    from GuideGenLib.core.volumes import read_ct

    if isinstance(request, CTRequest):
        return {"anatomy": read_anatomy}
    if isinstance(request, RegenerateRequest):
        return {"ct": read_ct, "anatomy": read_anatomy, "edited": read_anatomy}
    return {}


def _describe(text: str) -> DescribeDone:
    from GuideGenLib.description import parse
    from GuideGenLib.description.report import to_json

    return DescribeDone(to_json(parse(text)))


def _description(data: dict[str, Any]) -> "Description":
    from GuideGenLib.description.report import from_json

    return from_json(data)


def _require_memory(generator: "Generator", size_mm3: float) -> None:
    """Refuse what cannot fit; peaks were measured on processors, and graphics cards tell by themselves."""
    if generator.models.device.type == "cpu":
        require_memory(generator.bundle.config["metrics"], size_mm3)


def _height(region: str) -> float:
    """Height of a region as a part of the torso's. Raises RequestError."""
    from GuideGenLib.mask.regions import SLABS

    if region not in SLABS:
        raise RequestError(f"region is {region!r}", f"choose one of {', '.join(SLABS)}")
    (low, high), (bottom, top) = SLABS[region], SLABS["torso"]
    return (high - low) / (top - bottom)


def _size_mm3(image: "sitk.Image") -> float:
    size = 1.0
    for count, step in zip(image.GetSize(), image.GetSpacing(), strict=True):
        size *= count * step
    return size


def _voxels_sha256(image: "sitk.Image") -> str:
    """Stands for the voxel values in provenance: a volume in a scene has no file to hash."""
    import numpy as np
    import SimpleITK as sitk

    return hashlib.sha256(np.ascontiguousarray(sitk.GetArrayViewFromImage(image)).data).hexdigest()
