"""A stand-in of a large data set: any number of cases in TotalSegmentator's layout, made of a few real ones.

    python Testing/benchmarks/many_cases.py FOLDER --cases 1200 --bad 10

Takes the labelled scans of --data (ct/, labels/, totalsegmentator_v2_labels.csv), writes each as several variants
(whole, upper and lower part, coarser, other axes, elsewhere) with one mask for each of the structures of
TotalSegmentator v2, empty where it is not seen, and fills up with hard links to them: 1,200 cases take the disk space
of two dozen. Among them lie bad cases of ten kinds, s0123_bad_KIND: `prepare.py` checks that these and no others are
left out.
"""

import argparse
import csv
import gzip
import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import SimpleITK as sitk

BAD = "_bad_"
"""In the name of a case that cannot be used."""
CT, MASKS = "ct.nii.gz", "segmentations"
AIR_HU = -1024
PIXDIM_OFFSET = 80
"""Bytes before the first voxel spacing in the header of a NIfTI-1 file."""

# ---------------------------------------------------------------- variants of a scan, for its CT and its label map


def middle(image: sitk.Image, height_mm: float) -> sitk.Image:
    """So much of the height about its middle."""
    slices, step = image.GetSize()[2], image.GetSpacing()[2]
    kept = slices if height_mm >= slices * step else max(1, int(height_mm / step))
    first = (slices - kept) // 2
    return image[:, :, first : first + kept]


def whole(image: sitk.Image) -> sitk.Image:
    """As it is."""
    return image


def upper(image: sitk.Image) -> sitk.Image:
    """The upper 60 %."""
    return image[:, :, int(0.4 * image.GetSize()[2]) :]


def lower(image: sitk.Image) -> sitk.Image:
    """The lower 60 %."""
    return image[:, :, : int(0.6 * image.GetSize()[2])]


def coarse(image: sitk.Image) -> sitk.Image:
    """Every second voxel in plane."""
    return image[::2, ::2, :]


def turned(image: sitk.Image) -> sitk.Image:
    """The same place with its axes in another order and direction."""
    return sitk.DICOMOrient(image, "PIR")


def elsewhere(image: sitk.Image) -> sitk.Image:
    """Without a border, at another place on the table and a little larger."""
    inner = image[4:-4, 4:-4, :]
    inner.SetOrigin([place + 100.0 for place in inner.GetOrigin()])
    inner.SetSpacing([1.05 * step for step in inner.GetSpacing()])
    return inner


VARIANTS: tuple[Callable[[sitk.Image], sitk.Image], ...] = (whole, coarse, upper, turned, lower, elsewhere)

# ---------------------------------------------------------------- bad cases; each gets the folder of a good one


def other_grid(case: Path) -> None:
    """A mask that was cropped."""
    mask = sitk.ReadImage(case / MASKS / "liver.nii.gz")
    write(mask[:, :, 5:], case / MASKS / "liver.nii.gz")


def no_ct(case: Path) -> None:
    """Masks alone."""
    (case / CT).unlink()


def misspelt(case: Path) -> None:
    """A structure that nobody knows."""
    (case / MASKS / "liver.nii.gz").rename(case / MASKS / "livre.nii.gz")


def no_voxel(case: Path) -> None:
    """Nothing was labelled."""
    for path in sorted((case / MASKS).iterdir()):
        mask = sitk.ReadImage(path)
        if sitk.GetArrayViewFromImage(mask).any():
            write(mask * 0, path)


def truncated(case: Path) -> None:
    """The download of the CT broke off."""
    content = (case / CT).read_bytes()
    replace(case / CT, content[: len(content) // 2])


def no_mask(case: Path) -> None:
    """A mask with a value beside 0 and 1."""
    mask = sitk.ReadImage(case / MASKS / "liver.nii.gz")
    mask[0, 0, 0] = 2
    write(mask, case / MASKS / "liver.nii.gz")


def constant(case: Path) -> None:
    """A CT of air alone."""
    write(sitk.ReadImage(case / CT) * 0 + AIR_HU, case / CT)


def nan_spacing(case: Path) -> None:
    """A header whose voxels have no size."""
    content = bytearray(gzip.decompress((case / CT).read_bytes()))
    struct.pack_into("<f", content, PIXDIM_OFFSET, float("nan"))
    replace(case / CT, gzip.compress(bytes(content), 1))


def two_scans(case: Path) -> None:
    """A CT with a fourth axis."""
    scan = sitk.ReadImage(case / CT)
    write(sitk.JoinSeries([scan, scan]), case / CT)


def no_byte(case: Path) -> None:
    """The disk was full when a mask was written."""
    replace(case / MASKS / "liver.nii.gz", b"")


KINDS: tuple[Callable[[Path], None], ...] = (
    *(other_grid, no_ct, misspelt, no_voxel, truncated),
    *(no_mask, constant, nan_spacing, two_scans, no_byte),
)

# ---------------------------------------------------------------- the folder


def main() -> None:
    """Make the folder and say what it holds."""
    args = parser().parse_args()
    if args.folder.exists():
        sys.exit(f"{args.folder} is there already: name a new folder")
    originals = write_originals(args.data, args.folder, args.cases, args.height)
    for index in range(len(originals), args.cases):
        link_case(originals[index % len(originals)], args.folder / case_name(index))
    bad = plant(args.folder, originals, args.cases, args.bad)
    megabytes, files = disk_use(args.folder)
    print(f"{args.cases} cases ({len(originals)} distinct) and {len(bad)} bad ones: {files} names of files, "
          f"{megabytes:.0f} MB on disk\n" + "\n".join(bad))  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """The command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path, help="is made")
    options.add_argument("--cases", type=int, default=1200, help="good ones (1200)")
    options.add_argument("--bad", type=int, default=len(KINDS), help=f"further, bad ones ({len(KINDS)})")
    about = "keep so much of each scan, so that all goes faster (all of it)"
    options.add_argument("--height", type=float, default=float("inf"), metavar="MM", help=about)
    options.add_argument("--data", type=Path, default=os.environ.get("GUIDEGEN_DATA"), help="(GUIDEGEN_DATA)")
    return options


def case_name(index: int) -> str:
    """As TotalSegmentator names its cases."""
    return f"s{index:04d}"


def write_originals(data: Path, folder: Path, most: int, height_mm: float = float("inf")) -> list[Path]:
    """The first cases, each of another variant or scan, as the files that all others are links to."""
    with (data / "totalsegmentator_v2_labels.csv").open(newline="", encoding="utf-8") as file:
        structures = {row["structure"]: int(row["label"]) for row in csv.DictReader(file)}
    maps = {path.name: path for path in sorted((data / "labels").glob("*.nii.gz"))}
    scans = [(data / "ct" / name, path) for name, path in maps.items() if (data / "ct" / name).is_file()]
    written: list[Path] = []
    for variant in VARIANTS:
        for scan, labels in scans:
            if len(written) < most:
                written.append(folder / case_name(len(written)))
                ct, named = (variant(middle(sitk.ReadImage(path), height_mm)) for path in (scan, labels))
                write_case(written[-1], ct, named, structures)
    return written


def write_case(case: Path, ct: sitk.Image, labels: sitk.Image, structures: dict[str, int]) -> None:
    """A CT and one mask a structure; all empty masks are one file."""
    (case / MASKS).mkdir(parents=True)
    write(ct, case / CT)
    seen = set(np.unique(sitk.GetArrayViewFromImage(labels)).tolist())
    empty: Path | None = None
    for name, value in structures.items():
        path = case / MASKS / f"{name}.nii.gz"
        if value not in seen and empty is not None:
            os.link(empty, path)
            continue
        write(labels == value, path)
        empty = path if value not in seen else empty


def link_case(original: Path, case: Path) -> None:
    """A case that shares all files of another one."""
    (case / MASKS).mkdir(parents=True)
    for path in (original / CT, *sorted((original / MASKS).iterdir())):
        os.link(path, case / path.relative_to(original))


def plant(folder: Path, originals: list[Path], cases: int, bad: int) -> list[str]:
    """Put bad cases between the others, evenly; returns their names. Each is a good one before it is spoilt."""
    livers = [case for case in originals if sitk.GetArrayViewFromImage(sitk.ReadImage(liver(case))).any()]
    names = []
    for number in range(bad):
        spoil = KINDS[number % len(KINDS)]
        name = f"{case_name(number * cases // bad)}{BAD}{spoil.__name__}"
        link_case(livers[number % len(livers)], folder / name)
        spoil(folder / name)
        names.append(name)
    return names


def liver(case: Path) -> Path:
    """The mask that most kinds spoil."""
    return case / MASKS / "liver.nii.gz"


def write(image: sitk.Image, path: Path) -> None:
    """A volume as a new file: links to an older one keep that."""
    path.unlink(missing_ok=True)
    sitk.WriteImage(image, path, useCompression=True, compressionLevel=1)


def replace(path: Path, content: bytes) -> None:
    """A new file, too."""
    path.unlink()
    path.write_bytes(content)


def disk_use(folder: Path) -> tuple[float, int]:
    """MB that a folder takes, each file counted once, folders too; and how many names of files it has."""
    blocks: dict[int, int] = {}
    files = 0
    for place, _folders, names in os.walk(folder):
        files += len(names)
        for path in (place, *(os.path.join(place, name) for name in names)):
            found = os.lstat(path)
            blocks[found.st_ino] = found.st_blocks
    return sum(blocks.values()) * 512 / 2**20, files


if __name__ == "__main__":
    main()
