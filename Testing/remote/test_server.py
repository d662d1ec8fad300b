"""A server with toy workers and many clients: turns, cancel, limits, strangers, and those who go away."""

import asyncio
import contextlib
import http.client
import json
import os
import secrets
import signal
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.engine import CTRequest, Done, Failed, Progress, RegenerateRequest, Stopped
from GuideGenLib.engine.process import WorkerProcess
from GuideGenLib.generator import RunSettings
from GuideGenLib.remote.client import RemoteClient
from GuideGenLib.remote.client.address import RemoteError
from GuideGenLib.remote.client.client import greet
from GuideGenLib.remote.client.connection import Connection
from GuideGenLib.remote.client.worker import RemoteWorker
from GuideGenLib.remote.server.access import Access
from Testing.engine.conftest import done, events_of, mask, outcome, until, until_step
from Testing.remote.conftest import BUNDLE, TOKENS, Running, short

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the toy worker is a shell script")
Connect = Callable[..., RemoteClient]


def test_a_request_and_its_volumes_come_back_to_the_last_bit(
    many: Running, connect: Connect, small_anatomy: sitk.Image
) -> None:
    token = next(iter(TOKENS))
    assert greet(many.address(token))["bundle"] == {"name": "toy 1", "sha256": BUNDLE.identity}
    small_anatomy.SetDirection((0.0, 1.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 1.0))
    small_anatomy.SetSpacing((0.7, 0.7, 5.1))
    client = connect(many, token)
    id = client.submit(CTRequest(small_anatomy, {"text": "plain"}, RunSettings(spacing_mm=None)))
    kept = sitk.GetArrayFromImage(small_anatomy)
    small_anatomy[0, 0, 0] = 7  # too late for the request
    events = events_of(client, id)
    ct = events[-1].result.ct  # type: ignore[union-attr]
    assert np.array_equal(sitk.GetArrayFromImage(ct), kept) and ct.GetPixelID() == sitk.sitkInt16
    for name in ("GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(ct, name)() == getattr(small_anatomy, name)()
    told = [event for event in events if isinstance(event, Progress)]
    stages = {event.stage for event in told}  # of the newest step when it asks: of a run this short, not of each
    assert "wait" in stages and stages <= {"wait", "load", "ct"}
    assert [event.fraction for event in told] == sorted(event.fraction for event in told)
    until(lambda: not list(many.runs), "what was delivered is forgotten")
    assert 'guidegen_runs_total{kind="ct",outcome="ready"} 1' in many.metrics()
    assert "guidegen_held_bytes 0" in many.metrics() and 'state="waiting"} 0' in many.metrics()
    assert all("plain" not in line for line in many.log) and "user-00" in many.log[0]


def test_twenty_users_take_turns_whoever_came_with_many_requests(many: Running, connect: Connect) -> None:
    tokens = list(TOKENS)
    greedy = [connect(many, tokens[0]) for _ in range(4)]
    blocker = connect(many, tokens[1])
    first = blocker.submit(mask("patient"))
    until_step(blocker, first)  # the line grows behind it
    waiting = []
    for n, client in enumerate([*greedy, *(connect(many, token) for token in tokens[2:])]):
        waiting.append((client, client.submit(mask(seed=n))))
        until(lambda n=n: f'state="waiting"}} {n + 1}\n' in many.metrics(), f"{n} waits")  # type: ignore[misc]
    last = connect(many, tokens[1])
    waiting.append((last, last.submit(mask(seed=99))))
    until(lambda: 'state="waiting"} 23' in many.metrics(), "all wait")
    for client, place in ((waiting[3][0], 22), (waiting[0][0], 0), (last, 19)):
        until(lambda: place_told(client) == place, f"one is told of place {place}")  # noqa: B023 - called at once
    blocker.cancel()
    for client, id in waiting:
        done(client, id)
    turns = [line.split()[2].strip(":") for line in many.log]
    users = list(TOKENS.values())
    assert turns == [users[1], users[0], *users[2:], users[1], users[0], users[0], users[0]]


def place_told(client: RemoteClient) -> int | None:
    """The place in the line that a client was told last."""
    places = [event.place for event in client.poll() if isinstance(event, Progress)]
    return places[-1] if places else None


@pytest.mark.parametrize("word", ["patient", "deaf"])
def test_a_cancel_frees_the_worker_within_a_second(many: Running, connect: Connect, word: str) -> None:
    first, second = (connect(many, token) for token in list(TOKENS)[:2])
    running = first.submit(mask(word))
    until(lambda: bool([e for e in first.poll() if isinstance(e, Progress) and e.stage == "mask"]), "it runs") if (
        word == "patient"
    ) else until(lambda: 'state="running"} 1' in many.metrics(), "it runs")
    waiting = second.submit(mask())
    until(lambda: 'state="waiting"} 1' in many.metrics(), "the other waits")
    start = time.monotonic()
    first.cancel(running)
    assert isinstance(outcome(first, running), Stopped)
    assert time.monotonic() - start < 1.0
    until(lambda: 'state="waiting"} 0' in many.metrics(), "the worker is free")
    assert time.monotonic() - start < 1.2
    done(second, waiting)
    third = second.submit(mask("patient"))
    fourth = first.submit(mask())
    until(lambda: 'state="waiting"} 1' in many.metrics(), "it waits")
    first.cancel(fourth)
    assert isinstance(outcome(first, fourth), Stopped)
    until(lambda: 'state="waiting"} 0' in many.metrics(), "who leaves the line has no place in it")
    second.cancel(third)


def test_strangers_are_refused_and_told_what_to_do(many: Running, connect: Connect) -> None:
    for token in ("", "00-a-token-of-another"):
        client = connect(many, token)
        failed = outcome(client, client.submit(mask()))
        assert isinstance(failed, Failed) and failed.kind == "server"
        assert "does not know you" in failed.message and "token" in failed.message
    status, _ = ask(many, "GET", "/metrics")
    assert status == 401 and ask(many, "GET", "/health") == (200, {"state": "well"})
    assert 'guidegen_refused_total{reason="stranger"} 3' in many.metrics()


def test_a_run_is_its_users_alone(many: Running, connect: Connect) -> None:
    mine, other = list(TOKENS)[:2]
    client = connect(many, mine)
    id = client.submit(mask("patient"))
    until_step(client, id)
    (run,) = many.runs
    for method in ("GET", "DELETE"):
        status, told = ask(many, method, f"/v1/runs/{run.name}", other)
        assert status == 404 and "does not know this run" in told["message"]
    assert list(many.runs) == [run]
    client.cancel(id)


def test_a_server_ends_though_a_task_missed_that_it_shall(serve: Callable[..., Running]) -> None:
    running = serve()

    async def begun() -> None:
        async def deaf_once() -> None:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(300)
            await asyncio.sleep(300)

        running.server._tasks.append(asyncio.create_task(deaf_once()))
        await asyncio.sleep(0)

    running.call(begun())  # the fixture stops the server


def test_a_server_without_tokens_answers_no_name_of_another_site(serve: Callable[..., Running]) -> None:
    open_one = serve()
    assert ask(open_one, "GET", "/metrics")[0] == 200
    assert ask(open_one, "GET", "/metrics", host="evil.example:80")[0] == 401


def test_version_and_bundle_must_fit(serve: Callable[..., Running], connect: Connect, tmp_path, monkeypatch) -> None:
    running = serve()
    (tmp_path / "bundle.json").write_text("{}")
    client = connect(running, bundle=tmp_path)
    failed = outcome(client, client.submit(mask()))
    assert isinstance(failed, Failed) and "the server has the model toy 1" in failed.message
    assert "--bundle" in failed.message
    with pytest.raises(RemoteError, match="toy 1"):
        greet(running.address(), tmp_path)
    monkeypatch.setattr("GuideGenLib.remote.client.connection.__version__", "9.9")
    client = connect(running)
    failed = outcome(client, client.submit(mask()))
    assert isinstance(failed, Failed) and "you have 9.9: install the server's version" in failed.message


def test_limits_of_a_user_are_told_and_others_go_on(
    serve: Callable[..., Running], connect: Connect, small_anatomy: sitk.Image
) -> None:
    running = serve(access=Access(TOKENS), limits=short(lease_s=20.0, most_runs=2, most_bytes=50_000))
    one, other = list(TOKENS)[:2]
    clients = [connect(running, one) for _ in range(3)]
    ids = [client.submit(mask("patient")) for client in clients[:2]]
    until(lambda: len(list(running.runs)) == 2, "two runs are there")
    failed = outcome(clients[2], clients[2].submit(mask()))
    assert isinstance(failed, Failed) and "2 runs at the server already" in failed.message
    large = sitk.Resample(small_anatomy, [100, 100, 100])
    client = connect(running, other)
    failed = outcome(client, client.submit(CTRequest(large, {"text": ""})))
    assert isinstance(failed, Failed) and "crop the volumes" in failed.message
    for client, id in zip(clients, ids, strict=False):
        client.cancel(id)
    assert isinstance(outcome(client, client.submit(mask())), Done)


def test_more_than_announced_is_not_taken(many: Running) -> None:
    token = next(iter(TOKENS))
    name = announced(many, token, size=1000)
    status, told = ask(many, "PUT", f"/v1/runs/{name}/request", token, body=b"0" * (2 << 20))
    assert status == 413 and "more comes than was announced" in told["message"]
    assert not list(many.runs)


def test_what_is_no_request_is_told_and_the_worker_goes_on(many: Running, connect: Connect) -> None:
    token = next(iter(TOKENS))
    name = announced(many, token)
    assert ask(many, "PUT", f"/v1/runs/{name}/request", token, body=b"no gzip at all")[0] == 200
    connection = Connection(many.address(token))
    state = connection.state(name, 0)
    while state["state"] != "failed":
        state = connection.state(name, state["number"])
    assert "damaged" in state["event"]
    connection.forget(name)
    connection.close()
    client = connect(many, token)
    done(client, client.submit(mask()))


def test_who_sends_a_drip_harms_nobody_and_is_given_up(serve: Callable[..., Running], connect: Connect) -> None:
    running = serve(access=Access(TOKENS), limits=short(arrive_s=1.2))
    slow, other = list(TOKENS)[:2]
    client = connect(running, other)
    done(client, client.submit(mask()))  # its worker is there
    name = announced(running, slow)
    made = http.client.HTTPConnection("127.0.0.1", running.server.port, timeout=5)
    made.putrequest("PUT", f"/v1/runs/{name}/request")
    made.putheader("Authorization", f"Bearer {slow}")
    made.putheader("Content-Length", "1000")
    made.endheaders()
    start = time.monotonic()
    id, seen = client.submit(mask()), []
    while list(running.runs) and time.monotonic() < start + 10:
        made.send(b"x")
        seen += [event for event in client.poll() if isinstance(event, Done)]
        time.sleep(0.05)
    assert seen and seen[0].id == id, "the other is served meanwhile"
    answer = made.getresponse()
    assert answer.status == 408 and "did not come within" in json.loads(answer.read())["message"]
    made.close()


def test_a_client_that_is_gone_loses_place_and_result(serve: Callable[..., Running], connect: Connect) -> None:
    running = serve(limits=short())
    gone, other = connect(running), connect(running)
    id = gone.submit(mask("patient"))
    until_step(gone, id)
    worker = gone._worker
    assert isinstance(worker, RemoteWorker) and worker._run is not None
    worker._run.known = False  # as a process that is killed, it tells nobody
    gone.close()
    start = time.monotonic()
    done(other, other.submit(mask()))
    assert time.monotonic() - start < 5.0
    until(lambda: not list(running.runs), "its run is forgotten")
    assert 'outcome="lost"} 1' in running.metrics()


def test_a_worker_that_is_killed_fails_one_run_and_no_other(serve: Callable[..., Running], connect: Connect) -> None:
    running = serve(workers=2)
    first, second = connect(running), connect(running)
    ids = [client.submit(mask("patient")) for client in (first, second)]
    for client, id in zip((first, second), ids, strict=True):
        until_step(client, id)
    worker = running.clients[0]._worker
    assert isinstance(worker, WorkerProcess)
    os.kill(worker.pid, signal.SIGKILL)
    seen: list[Any] = []

    def told() -> bool:
        seen.extend([*first.poll(), *second.poll()])
        return any(isinstance(event, Failed) for event in seen)

    until(told, "one fails")
    (failed,) = [event for event in seen if isinstance(event, Failed)]
    assert failed.kind == "memory" and "the system ended the worker" in failed.message
    other = second if first.poll() == [] and not first.busy else first
    until(lambda: bool(other.poll()), "the other goes on")
    assert other.busy
    other.cancel()
    next_one = second if other is first else first
    done(next_one, next_one.submit(mask()))


def test_a_failure_of_the_library_is_told_as_it_is(many: Running, connect: Connect, small_anatomy: sitk.Image) -> None:
    client = connect(many, next(iter(TOKENS)))
    moved = sitk.Image(small_anatomy)
    moved.SetOrigin((5.0, 5.0, 5.0))
    failed = outcome(client, client.submit(mask("memory")))
    assert isinstance(failed, Failed) and failed.kind == "memory"
    lung = RegenerateRequest(sitk.Cast(small_anatomy, sitk.sitkInt16), small_anatomy, moved, {"text": "bug"})
    failed = outcome(client, client.submit(lung))
    assert isinstance(failed, Failed)
    done(client, client.submit(mask()))


# ---------------------------------------------------------------- inside


def announced(running: Running, token: str, size: int = 1000) -> str:
    """The name of a run whose request is still to come."""
    name = secrets.token_hex(16)
    connection = Connection(running.address(token))
    connection.announce(name, size)
    connection.close()
    return name


def ask(
    running: Running, method: str, path: str, token: str = "", body: bytes | None = None, host: str = ""
) -> tuple[int, dict]:
    """Status and JSON of an answer."""
    made = http.client.HTTPConnection("127.0.0.1", running.server.port, timeout=5)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    made.request(method, path, body, headers | ({"Host": host} if host else {}))
    answer = made.getresponse()
    content = answer.read()
    made.close()
    return answer.status, json.loads(content) if content.startswith(b"{") else {}
