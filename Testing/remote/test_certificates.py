"""https with certificates on both sides: who has one is known by its name, who has none is told so."""

import os
import shutil
import ssl
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from GuideGenLib.engine import Failed
from GuideGenLib.remote.client import RemoteClient
from GuideGenLib.remote.client.address import CERTIFICATE_VARIABLE, RemoteError
from GuideGenLib.remote.client.client import greet
from GuideGenLib.remote.server.access import Access, AccessError, tls
from Testing.engine.conftest import done, mask, outcome
from Testing.remote.conftest import Running

pytestmark = pytest.mark.skipif(os.name != "posix" or shutil.which("openssl") is None, reason="needs openssl")
EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")


@pytest.fixture
def authority(tmp_path: Path) -> Callable[..., Path]:
    """`authority(name, by="ca")`, the path of a PEM file with a certificate and its key."""

    def make(name: str, by: str = "ca") -> Path:
        signed = [] if name == by else ["-CA", f"{by}.pem", "-CAkey", f"{by}.pem"]
        command = ["openssl", "req", "-x509", *EC, "-subj", f"/O=clinic/CN={name}", "-keyout", f"{name}.key"]
        command += ["-out", f"{name}.crt", "-addext", "subjectAltName=IP:127.0.0.1", *signed]
        subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
        path = tmp_path / f"{name}.pem"
        path.write_text((tmp_path / f"{name}.crt").read_text() + (tmp_path / f"{name}.key").read_text())
        return path

    make("ca")
    return make


def test_the_owner_of_a_certificate_is_known_by_its_name(
    serve: Callable[..., Running], authority: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ca, server = tmp_path / "ca.pem", authority("server")
    running = serve(access=Access(mutual=True), tls=tls(server, None, ca))
    assert running.server.url.startswith("https://127.0.0.1")
    with pytest.raises(RemoteError, match="is not trusted"):
        greet(running.address())
    monkeypatch.setenv("SSL_CERT_FILE", str(ca))
    client = RemoteClient(running.address("a-token-helps-nobody-here"))
    failed = outcome(client, client.submit(mask()))
    assert isinstance(failed, Failed) and "does not know you" in failed.message and "certificate" in failed.message
    trusting = ssl.create_default_context(cafile=str(ca))
    with urllib.request.urlopen(f"{running.server.url}/health", context=trusting) as answer:
        assert answer.read() == b'{"state": "well"}'
    client.close()

    monkeypatch.setenv(CERTIFICATE_VARIABLE, str(authority("anna")))
    client = RemoteClient(running.address())
    done(client, client.submit(mask()))
    assert running.log[0].startswith("mask of anna: ready")
    client.close()

    authority("others", by="others")
    monkeypatch.setenv(CERTIFICATE_VARIABLE, str(authority("eve", by="others")))
    client = RemoteClient(running.address())
    failed = outcome(client, client.submit(mask()))
    assert isinstance(failed, Failed) and failed.kind == "server"
    client.close()
    monkeypatch.setenv(CERTIFICATE_VARIABLE, str(tmp_path / "none.pem"))
    with pytest.raises(RemoteError, match=CERTIFICATE_VARIABLE):
        greet(running.address())
    with pytest.raises(AccessError, match="belong together"):
        tls(server, tmp_path / "ca.key", None)
