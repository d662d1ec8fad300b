#!/usr/bin/env bash
# Makes .venv with the pinned versions, then runs ruff, mypy and all tests, two at a time. Arguments go to pytest, for
# instance -m "not large" for the usual tests and -m small for the quick ones.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ ! -x .venv/bin/python ]; then
    "${PYTHON:-python3}" -m venv .venv
fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test]"

as_root=$([ "$(id -u)" = 0 ] || echo "sudo -n")
install() { $as_root apt-get update -qq && $as_root apt-get install -qq -y --no-install-recommends "$@"; }

# Qt, also off screen, and VTK load libraries of the system, which a bare Debian has not.
libraries="libegl1 libgl1 libgl1-mesa-dri libx11-6 libxkbcommon0 libfontconfig1 libdbus-1-3 libglib2.0-0"
loads() { .venv/bin/python -c "import slicer, PySide6.QtWidgets, PySide6.QtTest, PySide6.QtUiTools"; }
draws() { .venv/bin/python -c "from vtk import vtkRenderWindow as w; w = w(); w.SetOffScreenRendering(1); w.Render(); assert w.SupportsOpenGL()"; }
if ! { loads && draws; } 2>/dev/null; then
    install $libraries || true
    { loads && draws; } || { echo "Install these system packages, then run this again: $libraries" >&2; exit 1; }
fi

# The tests of the page use Debian's browser; without one they are skipped.
if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null; then
    install chromium || echo "The tests of the page are skipped: install the system package chromium to run them." >&2
fi

# DICOM objects are checked by a validator; without it those tests are skipped.
if ! command -v dciodvfy >/dev/null; then
    install dicom3tools || echo "The DICOM validator's tests are skipped: install the system package dicom3tools to run them." >&2
fi
# They are sent to a PACS, too. It is not installed unasked, for its package starts a server.
if ! command -v Orthanc >/dev/null && [ ! -x /usr/sbin/Orthanc ]; then
    echo "The PACS' tests are skipped: install the system packages orthanc and orthanc-dicomweb to run them." >&2
fi

.venv/bin/python -m ruff check .
.venv/bin/python -m mypy
# Two workers of one thread each: what shares a browser or the fixtures of a file stays in one of them.
OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" .venv/bin/python -m pytest -n 2 --dist loadgroup "$@"
