#!/usr/bin/env bash
# Makes .venv with the pinned versions, then runs ruff, mypy and pytest. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ ! -x .venv/bin/python ]; then
    "${PYTHON:-python3}" -m venv .venv
fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test]"

# Qt, also off screen, and VTK load libraries of the system, which a bare Debian has not.
libraries="libegl1 libgl1 libgl1-mesa-dri libx11-6 libxkbcommon0 libfontconfig1 libdbus-1-3 libglib2.0-0"
loads() { .venv/bin/python -c "import slicer, PySide6.QtWidgets, PySide6.QtTest, PySide6.QtUiTools"; }
if ! loads 2>/dev/null; then
    as_root=$([ "$(id -u)" = 0 ] || echo "sudo -n")
    { $as_root apt-get update -qq && $as_root apt-get install -qq -y --no-install-recommends $libraries; } || true
    loads || { echo "Install these system packages, then run this again: $libraries" >&2; exit 1; }
fi

.venv/bin/python -m ruff check .
.venv/bin/python -m mypy
.venv/bin/python -m pytest "$@"
