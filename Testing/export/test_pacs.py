"""A study sent by DICOMweb: a real PACS takes, lists and returns it, and what goes wrong is one line."""

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pydicom
import pytest
from dicomweb_client.api import DICOMwebClient

from GuideGenLib.anatomy.label_maps.reading import read_label_map
from GuideGenLib.cli.main import main
from GuideGenLib.core.volumes import read_ct
from GuideGenLib.export.dicom import DicomError, export_dicom, fetch_study, list_studies, send_dicom
from GuideGenLib.generator import Case
from Testing.export.conftest import edited
from Testing.export.test_dicom import objects
from Testing.export.test_read_back import same

ORTHANC = shutil.which("Orthanc", path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
PATIENCE_S = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def pacs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an Orthanc of our own, on loopback, that keeps nothing."""
    if ORTHANC is None or not PLUGIN.exists():
        pytest.skip("Orthanc is not installed (Debian's packages orthanc and orthanc-dicomweb)")
    folder, port = tmp_path_factory.mktemp("orthanc"), free_port()
    settings = {
        "HttpPort": port,
        "DicomServerEnabled": False,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "StorageDirectory": str(folder / "db"),
        "IndexDirectory": str(folder / "db"),
        "Plugins": [str(PLUGIN)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    (folder / "orthanc.json").write_text(json.dumps(settings))
    process = subprocess.Popen([ORTHANC, str(folder / "orthanc.json")], stderr=subprocess.DEVNULL)
    try:
        _wait_for(f"http://127.0.0.1:{port}/system", process)
        yield f"http://127.0.0.1:{port}/dicom-web"
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _wait_for(url: str, process: subprocess.Popen) -> None:
    end = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < end:
        try:
            urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("Orthanc did not start")


@pytest.mark.large
@pytest.mark.parametrize(("enhanced", "binary"), [(False, False), (True, True)], ids=["classic", "enhanced"])
def test_a_pacs_takes_lists_and_returns_the_study(
    pacs: str, case: Case, tmp_path: Path, enhanced: bool, binary: bool
) -> None:
    case = replace(case, ct=case.ct + int(enhanced))  # a study of its own for each
    form: dict[str, Any] = {"enhanced": enhanced, "binary": binary}
    study = send_dicom(case, pacs, **form)
    client = DICOMwebClient(pacs)
    (listed,) = client.search_for_studies(search_filters={"StudyInstanceUID": study})
    assert listed["00100010"]["Value"][0]["Alphabetic"] == "GuideGen^Synthetic"
    assert set(listed["00080061"]["Value"]) == {"CT", "SEG", "SR"}

    export_dicom(case, tmp_path / "study", **form)
    kept = {one.SOPInstanceUID: one for one in objects(tmp_path / "study")}
    back = {one.SOPInstanceUID: one for one in client.retrieve_study(study)}
    assert back.keys() == kept.keys()
    for uid, one in back.items():
        assert one == kept[uid]

    send_dicom(case, pacs, **form)
    assert len(client.search_for_series(study)) == 3, "sent again it is no second study"
    send_dicom(edited(case, case.anatomy, case.ct + 5), pacs, **form)
    assert len(client.search_for_series(study)) == 6, "an edited case is new series of it"


@pytest.mark.large
def test_what_was_sent_is_fetched_and_read_as_the_case_that_it_was(
    pacs: str, case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = replace(case, ct=case.ct + 9)
    study = send_dicom(case, pacs, binary=True)
    assert main(["import", "dicomweb", pacs]) == 0
    told = capsys.readouterr().out
    assert f"{study}  20000101  CT, SEG, SR  SYNTHETIC, NOT FOR DIAGNOSIS: GuideGen" in told
    assert main(["import", "dicomweb", pacs, study, "-o", str(tmp_path / "study")]) == 0
    folders = {path.name.split("-")[0]: path for path in (tmp_path / "study").iterdir()}
    assert folders.keys() == {"CT", "SEG", "SR"}
    assert same(read_ct(tmp_path / "study"), case.ct)
    for path in (tmp_path / "study", folders["SEG"]):
        assert same(read_label_map(path).image, case.anatomy)

    with pytest.raises(DicomError, match="already: name another one, or add --overwrite"):
        fetch_study(pacs, study, tmp_path / "study")
    (series,) = {pydicom.dcmread(path).SeriesInstanceUID for path in folders["CT"].iterdir()}
    (only,) = fetch_study(pacs, study, tmp_path / "only", series=[series])
    assert only.name == "CT-1" and same(read_ct(only), case.ct)
    with pytest.raises(DicomError, match=r"has nothing of the study 1\.2\.3\.4 that could be fetched: check the UIDs"):
        fetch_study(pacs, "1.2.3.4", tmp_path / "none")
    with pytest.raises(DicomError, match=r"'\.\./x' is no UID"):
        fetch_study(pacs, "../x", tmp_path / "none")
    assert not (tmp_path / "none").exists()


class Answer(BaseHTTPRequestHandler):
    """A server that takes nothing; what it was told is kept."""

    status = 401
    told: list[str | None] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        self.told.append(self.headers.get("Authorization"))
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, r"status 401.*\$GUIDEGEN_DICOMWEB_AUTHORIZATION"), (404, "no DICOMweb service"), (409, "status 409")],
)
def test_a_refusal_is_one_line(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, said: str
) -> None:
    monkeypatch.setenv("GUIDEGEN_DICOMWEB_AUTHORIZATION", "Bearer x")
    monkeypatch.setattr(Answer, "status", status)
    monkeypatch.setattr(Answer, "told", [])
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(DicomError, match=said):
            send_dicom(case, f"http://127.0.0.1:{server.server_port}/dicom-web", enhanced=True)
        for fetch in (list_studies, lambda url: fetch_study(url, "1.2", tmp_path / "study")):
            with pytest.raises(DicomError, match=said):
                fetch(f"http://127.0.0.1:{server.server_port}/dicom-web")
        server.shutdown()
    assert Answer.told == ["Bearer x"] * 3 and list(tmp_path.iterdir()) == []


def test_a_server_that_is_not_there_is_one_line(case: Case) -> None:
    with pytest.raises(DicomError, match="cannot be reached"):
        send_dicom(case, f"http://127.0.0.1:{free_port()}/dicom-web", enhanced=True)


@pytest.mark.parametrize("url", ["pacs", "file:///tmp", "http://"])
def test_an_address_must_be_one(case: Case, url: str) -> None:
    with pytest.raises(DicomError, match="no address of a DICOMweb service"):
        send_dicom(case, url)
