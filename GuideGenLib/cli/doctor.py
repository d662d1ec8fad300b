"""What `guidegen doctor` looks at: each line is a name and a function that returns a text or raises with the remedy."""

import platform
from collections.abc import Callable
from functools import cache
from pathlib import Path

from GuideGenLib import __version__

TIGHT = 1.1
"""Free memory must exceed the measured peak by this factor."""
TORSO_PEAK = 1.7e9
"""Bytes for bundles that tell none: a CT of a torso took 1.64e9 with the one that ships, by OpenVINO."""


def examine(bundle: Path | None, device: str) -> list[tuple[str, Callable[[], str]]]:
    """The lines in the order in which they are printed; later ones may take a second."""

    @cache
    def loaded():  # type: ignore[no-untyped-def]
        from GuideGenLib.bundle import BundleError, load_bundle

        try:
            return load_bundle(bundle)
        except BundleError as error:
            return error  # told in the bundle's own line, and only there

    def figures() -> dict[str, float]:
        """What was measured with the bundle, peak_bytes; nothing of a broken bundle."""
        return {} if isinstance(loaded(), ValueError) else loaded().config["metrics"].get("speed", {})

    @cache
    def speed():  # type: ignore[no-untyped-def]
        from GuideGenLib.core.device import choose_device, measure

        return measure(str(choose_device(device)))

    def where() -> str:
        from GuideGenLib.core.device import choose_device

        chosen = choose_device(device)
        if chosen.type != "cuda":
            return str(chosen)
        import torch

        return f"{chosen} ({torch.cuda.get_device_name(chosen)})"

    def precision() -> str:
        return f"{speed().precision} (measured: float32 {speed().float32:.0f}, bfloat16 {speed().bfloat16:.0f} GFLOP/s)"

    def runtime() -> str:
        from GuideGenLib.core.arithmetic import GAIN, gain_of
        from GuideGenLib.core.device import choose_device, openvino_version
        from GuideGenLib.core.measured import last

        if choose_device(device).type != "cpu":
            return "torch"
        if openvino_version() is None:
            return "torch; OpenVINO, where it is installed (extra fast), makes CTs on a CPU in less time"
        known = last(gain_of(speed().precision))
        if not known:
            return f"torch or openvino {openvino_version()}: the first run measures which is faster"
        chosen = "OpenVINO makes CTs, torch anatomies" if known[0] > GAIN else "torch, OpenVINO is there and no faster"
        return f"{chosen} (measured: {known[0]:.1f} times as fast as torch, openvino {openvino_version()})"

    def model() -> str:
        if isinstance(loaded(), ValueError):
            raise loaded()
        return f"{loaded().name}, unaltered, sha256 {loaded().identity[:16]}..."

    def encoder() -> str:
        from GuideGenLib.bundle import check_encoder
        from GuideGenLib.description.encoder import default_folder

        if isinstance(loaded(), ValueError):
            return f"installed in {default_folder()}, not compared"
        check_encoder(loaded())
        return f"{loaded().config['encoder']['package']}, unaltered"

    def expected() -> str:
        from GuideGenLib.core.arithmetic import GAIN, gain_of
        from GuideGenLib.core.device import OPENVINO
        from GuideGenLib.core.measured import last
        from GuideGenLib.generator.pace import expected_seconds

        faster = last(gain_of(speed().precision))
        arithmetic = speed().precision + (OPENVINO if faster and faster[0] > GAIN else "")
        stages = {"mask": "a torso anatomy", "ct": "its CT at 2 mm"}
        told = {name: expected_seconds(stage, arithmetic) for stage, name in stages.items()}
        known = [f"{seconds:.0f} s for {name}" for name, seconds in told.items() if seconds is not None]
        return f"about {' and '.join(known)}, as the last ones took here" if known else "told after the first run here"

    def memory() -> str:
        from GuideGenLib.core.device import free_memory, memory_estimate
        from GuideGenLib.mask.regions import SLABS

        free, peak = free_memory(), figures().get("peak_bytes", TORSO_PEAK)
        shown = "unknown" if free is None else f"{free / 1e9:.1f} GB free"
        height = {region: stop - start for region, (start, stop) in SLABS.items()}
        needs = {
            region: memory_estimate(peak, height[region] / height["torso"]) for region in ("torso", "chest", "pelvis")
        }
        needed = "at 2 mm " + ", ".join(f"{region} {size / 1e9:.1f} GB" for region, size in needs.items())
        if free is not None and free < TIGHT * needs["torso"]:
            raise MemoryError(f"{shown}, {needed}: close other programs, or use a smaller --region")
        return f"{shown}, {needed}"

    return [
        ("guidegen", lambda: __version__),
        ("python", lambda: f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        ("torch", _torch),
        ("device", where),
        ("precision", precision),
        ("runtime", runtime),
        ("cores", _cores),
        ("bundle", model),
        ("encoder", encoder),
        ("memory", memory),
        ("speed", expected),
    ]


def _torch() -> str:
    import torch

    return f"{torch.__version__}, {torch.get_num_threads()} threads"


def _cores() -> str:
    from GuideGenLib.core.device import cores

    return str(cores())
