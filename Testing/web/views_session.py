"""A session of the page for the tests of its views: a toy anatomy with a tumor and two CTs, and no model.

`python -m Testing.web.views_session FOLDER` prints {"port": N} and serves until it is killed.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from GuideGenLib.scene.runs.results import file_anatomy, file_ct
from Testing.web.views_stage import RECORD, toy_anatomy, toy_ct

LESION = {
    "label": "liver_tumor", "finding": 0, "organ": "liver", "side": None, "site": None, "size_mm": 16.0,
    "measured_mm": 16.4, "volume_ml": 2.3, "center_voxel": [9.5, 9.5, 7.5], "center_mm": [38.0, 28.5, 22.5], "note": "",
}  # fmt: skip


def main() -> None:
    """Serve on a free port of 127.0.0.1."""
    os.environ["WSLINK_READY_MSG"] = ""
    from trame.app import get_server

    from GuideGenLib.web.app import WebApp

    server = get_server(client_type="vue3")
    server.cli.parse_known_args([])
    app = WebApp(server, Path(sys.argv[1]), None, "cpu", 64)
    answers = os.dup(1)
    os.dup2(2, 1)

    server.controller.on_server_bind.add(lambda bound: app.add_routes(bound.app))

    @server.controller.add("on_server_ready")
    def _ready(**_: Any) -> None:
        anatomy = toy_anatomy(tumor=True)
        run = file_anatomy(app.workspace.scene, anatomy, {**RECORD, "lesions": [LESION]}, "test")
        old, new = (
            file_ct(app.workspace.scene, toy_ct(anatomy, hu), anatomy, RECORD, "test", run.segmentation)
            for hu in (60, 110)
        )
        app.workspace.choose(segmentation=run.segmentation, ct=new, compared=old)
        os.write(answers, json.dumps({"port": server.port}).encode() + b"\n")

    server.start(port=0, host="127.0.0.1", open_browser=False, show_connection_info=False, timeout=0, argv=[])


if __name__ == "__main__":
    main()
