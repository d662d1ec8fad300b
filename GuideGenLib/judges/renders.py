"""Randomised-contrast CTs of anatomies: what a segmenter learns from where no labelled scan shows the like.

After Billot et al., SynthSeg (Medical Image Analysis 86, 2023): every label gets a random mean and texture at each
drawing. Most pictures (LIKE_CT) take the means of a CT in some contrast phase, as the CTs that shall be judged have
them; the others have wide random ones. HU throughout, arrays [z, y, x] at 3 mm.
"""

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional as nnf

from GuideGenLib.anatomy.structures import LUNGS, table_of
from GuideGenLib.anatomy.table import PHASES, by_group, hu_mean, hu_sd, hu_texture_sd, labels, values

AIR_HU = -1000.0
LIKE_CT = 0.85
FAT_HU, LUNG_HU, BONE_HU, SOFT_HU = (-160.0, -60.0), (-950.0, -550.0), (60.0, 600.0), (-60.0, 260.0)
FATS = ("subcutaneous_fat", "torso_fat")
GASES = ("trachea", "stomach_gas", "colon_gas")
FILLED = {"stomach": 0.35, "duodenum": 0.2, "small_bowel": 0.35, "colon": 0.4}
"""Share of the drawings in which this hollow organ holds contents other than its wall."""
LUNG_LESION_HU, COLON_LESION_HU, CYST_HU = (-60.0, 110.0), (20.0, 120.0), (-5.0, 18.0)
LESION_CONTRAST = (15.0, 70.0)
"""HU between an organ and its lesion; two lesions of three are the darker ones. Not the generator's laws: a lesion may
have any contrast that can be seen, none that cannot."""
GAS_OF, GAS_BELOW_HU = {"stomach": "stomach_gas", "colon": "colon_gas"}, -500.0


class Renderer:
    """Draws HU of label volumes, each time with other contrasts, textures, blur and noise."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.value = values()
        self.texture = hu_texture_sd()
        self.bone = table_of(row.key for row in by_group()["bones"] if row.key != "costal_cartilages")

    def render(self, volume: np.ndarray, like_ct: bool | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Label values uint8 [z, y, x] -> float32 HU, and the labels with the gas that was put in.

        like_ct: whether the means are those of a CT; None draws it.
        """
        rng = self.rng
        volume = volume.copy()
        if like_ct is None:
            like_ct = rng.random() < LIKE_CT
        means = self._seen_lesions(self.ct_means() if like_ct else self.random_means())
        hu = means[volume]
        texture = self.texture * rng.uniform(0.2, 1.0) * rng.uniform(0.6, 1.4, len(self.texture)).astype(np.float32)
        hu += texture[volume] * self._grain(volume.shape, float(rng.uniform(1.0, 3.0)))
        self._cortex(hu, volume)
        self._strands(hu, volume)
        for organ, share in FILLED.items():
            if rng.random() < share:
                self._fill(hu, volume, organ)
        hu[volume == 0] = AIR_HU
        width = float(rng.uniform(0.2, 0.75))  # partial volume
        hu = ndimage.gaussian_filter(hu, width, truncate=2.5)
        hu += self._grain(volume.shape, float(rng.choice([1.0, 1.0, 1.5, 2.0]))) * np.float32(rng.gamma(2.0, 7.0))
        if rng.random() < 0.3:
            hu += self._grain(volume.shape, 20.0) * np.float32(rng.uniform(0, 15))  # cupping and the like
        return np.clip(hu, -1024, 3071), volume

    def ct_means(self) -> np.ndarray:
        """Mean HU of each label [labels] in a contrast phase, or between two, with the spread between patients."""
        rng = self.rng
        one, two = (hu_mean(PHASES[int(rng.integers(len(PHASES)))]) for _ in range(2))
        mix = np.float32(rng.random() if rng.random() < 0.4 else 0.0)
        spread = hu_sd("portal_venous") * np.float32(rng.uniform(0.5, 2.0))
        return (one + mix * (two - one) + rng.normal(size=len(one)).astype(np.float32) * spread).astype(np.float32)

    def random_means(self) -> np.ndarray:
        """Wide random means: air, lung, fat and bone keep their kind, all else may be darker or brighter than all."""
        rng = self.rng
        means = rng.uniform(*SOFT_HU, len(labels())).astype(np.float32)
        fat = rng.uniform(*FAT_HU)
        for key in FATS:
            means[self.value[key]] = fat + rng.normal(0, 8)
        lung = rng.uniform(*LUNG_HU)
        for key in LUNGS:
            means[self.value[key]] = lung + rng.normal(0, 30)
        for key in GASES:
            means[self.value[key]] = rng.uniform(-1000, -850)
        bone = rng.uniform(*BONE_HU)
        bones = self.bone[: len(means)]
        means[bones] = bone + rng.normal(0, 50, int(bones.sum()))
        means[0] = AIR_HU
        return means

    def _seen_lesions(self, means: np.ndarray) -> np.ndarray:
        """Lesions differ from their organs, and cysts are water whatever else is shown."""
        rng = self.rng
        for row in by_group()["lesions"]:
            host = float(np.mean([means[self.value[key]] for key in row.part_of]))
            if row.key == "lung_tumor":
                mean = rng.uniform(*LUNG_LESION_HU)
            elif row.key == "colon_tumor":
                mean = rng.uniform(*COLON_LESION_HU)
            else:
                darker = rng.random() < 2 / 3 and host > CYST_HU[1] + LESION_CONTRAST[0]
                mean = host + (-1 if darker else 1) * rng.uniform(*LESION_CONTRAST)
                mean = max(mean, CYST_HU[1] + 5)
            means[row.value] = mean
        for key in (key for key in self.value if key.endswith("_cyst") and not key.startswith("complex")):
            means[self.value[key]] = rng.uniform(*CYST_HU)
        return means

    def _grain(self, shape: tuple[int, ...], voxels: float) -> np.ndarray:
        """Noise of unit variance whose grains are about `voxels` wide."""
        size = [max(2, round(n / voxels)) for n in shape]
        coarse = torch.from_numpy(self.rng.standard_normal(size, dtype=np.float32))
        if list(coarse.shape) == list(shape):
            return coarse.numpy()
        smooth = nnf.interpolate(coarse[None, None], tuple(shape), mode="trilinear", align_corners=False)[0, 0]
        return (smooth / smooth.std().clamp_min(1e-3)).numpy()

    def _cortex(self, hu: np.ndarray, volume: np.ndarray) -> None:
        """Bones have a dense rim around their marrow."""
        bone = self.bone[volume]
        if not bone.any() or self.rng.random() < 0.2:
            return
        rim = bone & ~ndimage.binary_erosion(bone)
        hu[rim] += np.float32(self.rng.uniform(0, 450))

    def _strands(self, hu: np.ndarray, volume: np.ndarray) -> None:
        """Small vessels and nodes in the fat, which no label names."""
        if self.rng.random() < 0.3:
            return
        grain = self._grain(volume.shape, 2.0)
        inside = (volume == self.value["torso_fat"]) & (grain > self.rng.uniform(1.6, 2.6))
        hu[inside] = np.float32(self.rng.uniform(-40, 120))

    def _fill(self, hu: np.ndarray, volume: np.ndarray, organ: str) -> None:
        """Blobs of fluid, food, oral contrast or gas within a hollow organ, away from its wall."""
        inside = volume == self.value[organ]
        if not inside.any():
            return
        inside = ndimage.binary_erosion(inside)
        rng = self.rng
        blobs = inside & (self._grain(volume.shape, float(rng.uniform(3, 10))) > rng.uniform(-1.0, 1.0))
        kind = rng.random()
        level = rng.uniform(-20, 60) if kind < 0.5 else rng.uniform(120, 500) if kind < 0.75 else rng.uniform(-950, -50)
        hu[blobs] = np.float32(level) + hu[blobs] * np.float32(0.1)
        if level < GAS_BELOW_HU and organ in GAS_OF:
            volume[blobs] = self.value[GAS_OF[organ]]
