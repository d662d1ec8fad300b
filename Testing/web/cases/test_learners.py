"""What a learner's link gives, asked without a browser: one lesson, and nothing of it before its time."""

import gzip
import json
from typing import Any

import numpy as np
import pytest

from GuideGenLib.cases.answers import add_learner, learners_of
from GuideGenLib.cases.catalogue import CaseCatalogue
from GuideGenLib.cases.lesson import Lesson
from GuideGenLib.web.cases.learners import GEOMETRY, LEARN, Learners
from Testing.phantom import SHAPE, SPACING
from Testing.web.cases.conftest import secrets_of
from Testing.web.fronts import Visitor, in_own_loop, running

pytestmark = pytest.mark.usefixtures("temporary")
TUMOUR = (46, 38, 36)
"""Voxel (x, y, z) in the middle of the tumour; the phantom's axes are those of the scan."""


async def bodies(visitor: Visitor, *paths: str) -> list[tuple[int, bytes, dict[str, str]]]:
    """Status, unpacked body and headers of answers."""
    answers = [await visitor.get(path) for path in paths]
    return [(one.status, (await one.text("latin-1")).encode("latin-1"), dict(one.headers)) for one in answers]


async def reply(visitor: Visitor, path: str, places: Any) -> tuple[int, str]:
    """Status and text after an answer was sent."""
    response = await visitor.post(path, data=json.dumps({"places": places}))
    return response.status, await response.text()


@in_own_loop
async def test_before_the_answer_nothing_tells_what_is_to_be_found(catalogue: CaseCatalogue, lesson: Lesson) -> None:
    home = f"{LEARN}{add_learner(lesson, 'Ana').token}/"
    async with running(learners=Learners(catalogue.lessons)) as front, Visitor(front) as visitor:
        got = await bodies(visitor, home, home + "lesson", home + "scan/1", home + "scan/2", home + "scan/3")
        assert [status for status, *_ in got] == [200] * 5
        for _, body, headers in [got[1], *got[2:]]:
            text = (body + json.dumps(headers).encode()).decode("latin-1").lower()
            assert [word for word in secrets_of(catalogue) if word.lower() in text] == []
        for address in ("found/1", "result/1"):
            ((status, body, _),) = await bodies(visitor, home + address)
            assert status == 400 and b"not answered yet" in body
        voxels = np.frombuffer(got[2][1], "<i2").reshape(SHAPE)
        assert json.loads(got[2][2][GEOMETRY]) == {"size": list(SHAPE[::-1]), "spacing": list(SPACING)}
        assert voxels[TUMOUR[::-1]] == 90 and voxels.min() == -1000


@in_own_loop
async def test_the_answer_is_judged_kept_and_revealed(catalogue: CaseCatalogue, lesson: Lesson) -> None:
    ana = add_learner(lesson, "Ana")
    home = f"{LEARN}{ana.token}/"
    async with running(learners=Learners(catalogue.lessons)) as front, Visitor(front) as visitor:
        status, text = await reply(visitor, home + "answer/1", [TUMOUR])
        told = json.loads(text)
        assert status == 200 and told["score"]["points"] == 1.0 and told["finding"] == "kidney tumor"
        assert told["places"] == [pytest.approx(TUMOUR)] and "58-year-old woman" in told["text"]
        assert np.mean(told["ends"], axis=0) == pytest.approx(TUMOUR, abs=1.0)
        ((status, body, _),) = await bodies(visitor, home + "found/1")
        mask = np.frombuffer(body, np.uint8).reshape(SHAPE)
        assert mask[TUMOUR[::-1]] == 1 and mask.sum() == 93
        assert await reply(visitor, home + "answer/1", [TUMOUR]) == (
            400,
            "question 1 is answered already: the first answer counts",
        )
        assert json.loads((await bodies(visitor, home + "result/1"))[0][1]) == told, "also after a reload"
        assert (await reply(visitor, home + "answer/3", []))[0] == 200
    (kept,), _ = learners_of(lesson)
    assert {number: one["score"]["points"] for number, one in kept.answers.items()} == {1: 1.0, 3: 1.0}


@in_own_loop
async def test_a_link_opens_its_lesson_and_nothing_else_of_the_machine(
    catalogue: CaseCatalogue, lesson: Lesson
) -> None:
    token = add_learner(lesson, "Ana").token
    async with running(host="0.0.0.0", learners=Learners(catalogue.lessons)) as front, Visitor(front) as visitor:
        assert (await visitor.get(f"{LEARN}{token}/lesson")).status == 200, "without the server's own token"
        for path in ("/", "/about", "/ws", f"/?token={token}", "/learn", "/files/case.mrb"):
            assert (await visitor.get(path)).status == 403, path
        for path in (
            f"{LEARN}guessed/lesson",
            f"{LEARN}{token}/scan/1/../../../about",
            f"{LEARN}{token}/../../about",
            f"{LEARN}{token}/%2e%2e/about",
            f"{LEARN}{token}/lesson.json",
            f"{LEARN}{token}/scan/-1",
            f"{LEARN}../about",
            f"{LEARN}",
        ):
            response = await visitor.get(path)
            assert response.status == 404 and "not known" in await response.text(), path
        assert not front.sessions.find(token) and list(front.sessions) == [], "no process was started"
        assert "Set-Cookie" not in (await visitor.get(f"{LEARN}{token}/")).headers
        foreign = {"Origin": "http://elsewhere.example"}
        refused = await visitor.post(f"{LEARN}{token}/answer/1", data="{}", headers=foreign)
        assert refused.status == 403 and learners_of(lesson)[0][0].answers == {}


@in_own_loop
async def test_what_is_no_answer_is_refused_and_nothing_is_kept(catalogue: CaseCatalogue, lesson: Lesson) -> None:
    home = f"{LEARN}{add_learner(lesson, 'Ana').token}/"
    async with running(learners=Learners(catalogue.lessons)) as front, Visitor(front) as visitor:
        for body in ("", "[]", "{}", '{"places": 3}', '{"places": [[1, 2]]}', '{"places": [[1, 2, "x"]]}', "[" * 4000):
            assert (await visitor.post(home + "answer/1", data=body)).status == 400, body
        for places in ([[1, 2, 3]] * 2, [[1e300, 0, 0]], [[1, 2, float("nan")]]):
            assert (await reply(visitor, home + "answer/1", places))[0] == 400
        assert (await visitor.post(home + "answer/1", data=" " * 5000)).status == 400
        assert (await reply(visitor, home + "answer/9", []))[0] == 400
        assert (await visitor.get(home + "scan/9")).status == 400
    assert learners_of(lesson)[0][0].answers == {}


@in_own_loop
async def test_a_broken_scan_is_told_without_its_place(catalogue: CaseCatalogue, lesson: Lesson) -> None:
    home = f"{LEARN}{add_learner(lesson, 'Ana').token}/"
    path = lesson.case_folder(1) / "ct.nii.gz"
    path.unlink()
    path.write_bytes(gzip.compress(b"no volume"))
    async with running(learners=Learners(catalogue.lessons)) as front, Visitor(front) as visitor:
        response = await visitor.get(home + "scan/1")
        assert (
            response.status == 400
            and await response.text() == "the scan cannot be read: ask your teacher to look at it"
        )
        assert (await visitor.get(home + "scan/3")).status == 200


@in_own_loop
async def test_where_there_are_no_lessons_no_address_is_free(catalogue: CaseCatalogue, lesson: Lesson) -> None:
    token = add_learner(lesson, "Ana").token
    async with running(host="0.0.0.0") as front, Visitor(front) as visitor:
        assert (await visitor.get(f"{LEARN}{token}/lesson")).status == 403


@in_own_loop
async def test_a_learner_reads_the_language_of_the_browser(catalogue: CaseCatalogue, lesson: Lesson) -> None:
    home = f"{LEARN}{add_learner(lesson, 'Ana').token}/"
    german = {"Accept-Language": "de"}
    async with running(learners=Learners(catalogue.lessons)) as front, Visitor(front) as visitor:
        text = await (await visitor.get(home, headers=german)).text()
        assert '<html lang="de">' in text and "Antwort abgeben" in text and '"Finding": "Befund"' in text
        assert "Submit answer" not in text
        assert "noch nicht beantwortet" in await (await visitor.get(home + "found/1", headers=german)).text()
        response = await visitor.post(home + "answer/1", data=json.dumps({"places": [TUMOUR]}), headers=german)
        assert json.loads(await response.text())["finding"] == "Nierentumor"
        again = json.loads(await (await visitor.get(home + "result/1", headers=german)).text())
        assert again["finding"] == "Nierentumor"
        assert "nicht bekannt" in await (await visitor.get(LEARN + "x/", headers=german)).text()
