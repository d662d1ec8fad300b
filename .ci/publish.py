#!/usr/bin/env python3
"""Write the repository's public address into GuideGen.json and CMakeLists.txt, as the Slicer extensions index wants it.

    python .ci/publish.py https://github.com/OWNER/SlicerGuideGen [REVISION]

The index clones this address, asks for "slicer" in the repository's name, and reads the addresses of icon and
screenshots from CMakeLists.txt without running CMake. GuideGen.json then goes into the index by a pull request.
"""

import json
import re
import sys
from pathlib import Path

ICON = "GuideGenSlicer/Resources/Icons/GuideGen.png"
SCREENSHOTS = ("Resources/Screenshots/lung-cancer.png", "Resources/Screenshots/colon-cancer.png")


def publish(root: Path, address: str, revision: str = "main") -> None:
    """Rewrite both files below `root`. Raises ValueError for an address that the index refuses."""
    found = re.fullmatch(r"https://github\.com/([\w.-]+)/([\w.-]*[Ss]licer[\w.-]*?)(\.git)?/?", address)
    if not found:
        raise ValueError(f"{address} is not taken by the index: give https://github.com/OWNER/NAME with Slicer in NAME")
    home = f"https://github.com/{found[1]}/{found[2]}"
    files = f"https://raw.githubusercontent.com/{found[1]}/{found[2]}/{revision}"
    values = {
        "HOMEPAGE": home,
        "ICONURL": f"{files}/{ICON}",
        "SCREENSHOTURLS": " ".join(f"{files}/{name}" for name in SCREENSHOTS),
    }
    cmake = root / "CMakeLists.txt"
    text = cmake.read_text(encoding="utf-8")
    for name, value in values.items():
        text = re.sub(rf'set\(EXTENSION_{name} "[^"]*"\)', f'set(EXTENSION_{name} "{value}")', text)
    cmake.write_text(text, encoding="utf-8")
    entry = root / "GuideGen.json"
    content = json.loads(entry.read_text(encoding="utf-8"))
    content |= {"scm_type": "git", "scm_url": home, "scm_revision": revision}
    entry.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    try:
        publish(Path(__file__).resolve().parents[1], *sys.argv[1:])
    except ValueError as error:
        sys.exit(str(error))
