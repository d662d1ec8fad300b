"""What the worker does for each request: with the generator, which stays loaded, and volumes in the private folder."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from GuideGenLib.engine.environment import TORSO_MM3, require_memory
from GuideGenLib.engine.exchange import SUFFIX, exchange_path, read_exchange, write_exchange
from GuideGenLib.engine.pace import Pace
from GuideGenLib.engine.protocol import (
    ChangeDone,
    ChangeRequest,
    CompleteRequest,
    CTDone,
    CTRequest,
    DescribeRequest,
    MaskDone,
    MaskRequest,
    Request,
    Result,
    Start,
)
from GuideGenLib.engine.without_models import describe, readers

if TYPE_CHECKING:
    import SimpleITK as sitk

    from GuideGenLib.core.progress import Progress
    from GuideGenLib.description import Description
    from GuideGenLib.generator import Generator


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
            return describe(request.text)
        inputs = self._take_volumes(request)
        from GuideGenLib.anatomy.label_volumes import require_anatomy
        from GuideGenLib.generator.case import complete, draw, make_ct, make_ct_again

        description = _description(request.description)
        check()
        generator = self._loaded(pace)
        check()

        def progress(stage: str, fraction: float) -> None:
            check()
            pace.step(stage, fraction)

        settings = request.settings
        if isinstance(request, MaskRequest | CompleteRequest):
            pace.working("mask")
            _require_memory(generator, TORSO_MM3 * _height(settings.region or description.region or "torso"))
            if isinstance(request, MaskRequest):
                drawn = draw(generator, description, settings, progress)
            else:
                drawn = complete(generator, inputs["anatomy"], request.keep, description, settings, progress)
            record = drawn.provenance
            return MaskDone(self._put(drawn.anatomy, request.id), record["lesions"], record["checks"], record)
        pace.working("ct")
        if isinstance(request, ChangeRequest):
            return self._change(generator, request, inputs, progress)
        if isinstance(request, CTRequest):
            anatomy = require_anatomy(inputs["anatomy"])
            _require_memory(generator, _size_mm3(anatomy))
            made = make_ct(generator, anatomy, description, settings, progress)
        else:
            volumes = inputs["ct"], inputs["anatomy"], inputs["edited"]
            made = make_ct_again(generator, *volumes, description, settings, progress)
        assert made.ct is not None
        return CTDone(self._put(made.ct, request.id), made.provenance)

    def warm(self) -> None:
        """Load what the first request that needs a model would load. Raises the library's errors."""
        if self._generator is None:
            self._generator = self._open(self._start)
            self._generator.warm()

    # ------------------------------------------------------------ inside

    def _change(
        self, generator: "Generator", request: ChangeRequest, inputs: "dict[str, sitk.Image]", progress: "Progress"
    ) -> ChangeDone:
        from GuideGenLib.description.changes.read import measured_sizes, read_change
        from GuideGenLib.generator import Case
        from GuideGenLib.generator.change import change, recorded_lesions

        description, record = _description(request.description), request.provenance
        if "old_ct" in inputs:
            _require_memory(generator, _size_mm3(inputs["anatomy"]))
        lesions = recorded_lesions(record)
        sizes = measured_sizes(record.get("lesions") or ())
        difference = read_change(request.sentence, description, sizes)
        case = Case(description, inputs["edited"], inputs.get("old_ct"), lesions, (), record)
        made = change(generator, case, difference, request.settings, inputs["anatomy"], progress)
        new_ct = None if made.ct is None else self._put(made.ct, request.id, "ct")
        return ChangeDone(self._put(made.anatomy, request.id), new_ct, made.provenance)

    def _loaded(self, pace: Pace) -> "Generator":
        if self._generator is None:
            pace.loading()
            self._generator = self._open(self._start)
        return self._generator

    def _take_volumes(self, request: Request) -> "dict[str, sitk.Image]":
        """The request's volumes by field; those in the private folder are deleted, a user's own files are not."""
        volumes = {}
        for name, read in readers(request).items():
            if getattr(request, name) is None:
                continue
            path = Path(getattr(request, name))
            private = path.parent == self._folder and path.suffix == SUFFIX
            volumes[name] = read_exchange(path) if private else read(path)
        return volumes

    def _put(self, image: "sitk.Image", id: str, name: str = "result") -> str:
        path = exchange_path(self._folder, id, name)
        write_exchange(image, path)
        return str(path)


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


def _description(data: dict[str, Any]) -> "Description":
    from GuideGenLib.description.report import from_json

    return from_json(data)


def _require_memory(generator: "Generator", size_mm3: float) -> None:
    """Refuse what cannot fit; peaks were measured on processors, and graphics cards tell by themselves."""
    if generator.models.device.type == "cpu":
        require_memory(generator.bundle.config["metrics"], size_mm3)


def _height(region: str) -> float:
    """Height of a region as a part of the torso's."""
    from GuideGenLib.mask.regions import SLABS

    (low, high), (bottom, top) = SLABS[region], SLABS["torso"]
    return (high - low) / (top - bottom)


def _size_mm3(image: "sitk.Image") -> float:
    size = 1.0
    for count, step in zip(image.GetSize(), image.GetSpacing(), strict=True):
        size *= count * step
    return size
