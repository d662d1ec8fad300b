"""A picture of HU distributions and noise spectra: generated CTs and each labelled real scan."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from GuideGenLib.core.files import atomic
from GuideGenLib.evaluation.realism.texture import EDGES, FREQUENCIES, NOISE, MeasuredTexture

SHOWN = ("liver", "muscle", "fat", "lung", "kidneys", "vertebrae")
LIMITS = (0.001, 0.999)
"""Part of the voxels between the ends of a HU axis."""
GENERATED, REAL = "#4c78a8", ("#d1495b", "#e0a030", "#6a994e", "#8d5a97", "#1b1f24")


def texture_plot(generated: Sequence[MeasuredTexture], real: Mapping[str, MeasuredTexture], path: Path) -> Path:
    """PNG: histograms of six tissues, then noise spectra of four; one line a CT. Returns `path`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(15, 5.6), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 5).ravel()
    lines = [("generated", GENERATED, one) for one in generated]
    lines += [(name, REAL[i % len(REAL)], one) for i, (name, one) in enumerate(real.items())]
    centres = (EDGES[1:] + EDGES[:-1]) / 2
    for axis, tissue in zip(axes, SHOWN, strict=False):
        there = [(name, color, one.histograms[tissue]) for name, color, one in lines if tissue in one.histograms]
        for name, color, counts in there:
            axis.plot(centres, counts / counts.sum(), color=color, alpha=0.35 if name == "generated" else 1, lw=1.2)
        if there:
            total = np.cumsum(sum(counts / counts.sum() for _, _, counts in there)) / len(there)
            axis.set_xlim(*(centres[np.searchsorted(total, end)] for end in LIMITS))
        axis.set_title(f"{tissue}, share of voxels", fontsize=9)
        axis.set_xlabel("HU", fontsize=8)
    for axis, tissue in zip(axes[len(SHOWN) :], NOISE, strict=True):
        for name, color, one in lines:
            if tissue in one.spectra:
                alpha = 0.35 if name == "generated" else 1
                axis.semilogy(FREQUENCIES, one.spectra[tissue], color=color, alpha=alpha, lw=1.2, marker="o", ms=2.5)
        axis.set_title(f"{tissue}, noise power in HU² mm²", fontsize=9)
        axis.set_xlabel("1/mm", fontsize=8)
    for name, color in {name: color for name, color, _ in lines}.items():
        axes[0].plot([], [], color=color, label=name)
    axes[0].legend(frameon=False, fontsize=7)
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=7)
    with atomic(path) as private:
        figure.savefig(private, format="png", metadata={"Title": "SYNTHETIC"})
    return path
