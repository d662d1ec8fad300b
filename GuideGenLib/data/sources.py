"""Where the scans that the shipped model learned from come from, for the bundle's list of data and licences."""

from collections.abc import Iterable

TCIA = "https://www.cancerimagingarchive.net/collection"
SOURCES = {
    "lidc_0001": ("LIDC-IDRI", "CC BY 3.0", f"{TCIA}/lidc-idri/"),
    "lidc_0314": ("LIDC-IDRI", "CC BY 3.0", f"{TCIA}/lidc-idri/"),
    "totalseg_example": ("TotalSegmentator", "Apache-2.0", "https://github.com/wasserth/TotalSegmentator"),
    "acrin_flt_001_s1": ("ACRIN-FLT-Breast", "CC BY 3.0", f"{TCIA}/acrin-flt-breast/"),
    "cptac_c3l00189": ("CPTAC-PDA", "CC BY", f"{TCIA}/cptac-pda/"),
    "nsclc_r01_001": ("NSCLC-Radiogenomics", "CC BY 3.0", f"{TCIA}/nsclc-radiogenomics/"),
    "4dlung_113": ("4D-Lung", "CC BY 3.0", f"{TCIA}/4d-lung/"),
    "cmb_crc": ("CMB-CRC", "CC BY 4.0", f"{TCIA}/cmb-crc/"),
    "lungfcp": ("Lung-Fused-CT-Pathology", "CC BY 3.0", f"{TCIA}/lung-fused-ct-pathology/"),
}
"""(data set, licence, address) by the name of the scan."""


def data_sources(names: Iterable[str]) -> list[dict[str, str]]:
    """The data sets behind scans, each once with name, licence, url; scans that we do not know are the user's own."""
    names = list(names)
    own = sum(name not in SOURCES for name in names)
    found = sorted({SOURCES[name] for name in names if name in SOURCES})
    rows = [{"name": name, "licence": licence, "url": url} for name, licence, url in found]
    return rows + ([{"name": f"{own} scans of the trainer's own", "licence": "not told", "url": ""}] if own else [])
