"""What a learner's link gives: the scans and questions of one lesson, and nothing else of this machine.

A learner needs no session and no process: the scan is drawn in the browser, so that a class of thirty works on a small
server. Until an answer is kept, nothing is sent but the question and the voxels of the CT: no finding's name, no label,
no text of the case, no name of a file.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from aiohttp import web

from GuideGenLib.anatomy.label_volumes import read_anatomy
from GuideGenLib.anatomy.table import label, values
from GuideGenLib.cases.answers import Learner, answer, find_learner, read_learner
from GuideGenLib.cases.errors import CaseError
from GuideGenLib.cases.lesson import Lesson
from GuideGenLib.cases.measure import Point, longest_line, pieces, voxel_points
from GuideGenLib.core.errors import GuideGenError
from GuideGenLib.core.volumes import on_grid, read_ct
from GuideGenLib.scene.files import ANATOMY, CT
from GuideGenLib.web.cases.learner_page import page, unknown_page
from GuideGenLib.web.speaking import Speaker

LEARN = "/learn/"
"""Below it all is for learners, whose links hold a token of their own in place of the server's."""
GEOMETRY = "X-GuideGen-Geometry"
SCANS_KEPT = 6
"""Packed scans that stay in memory, some 12 MB each."""
AT_ONCE = 2
"""Volumes that are read at a time."""
LONGEST_ANSWER = 32_768
"""Bytes."""
Handler = Callable[["Learners", web.Request, Lesson, Learner], Awaitable[web.StreamResponse]]


def for_learner(handler: Handler) -> Callable[[Learners, web.Request], Awaitable[web.StreamResponse]]:
    """A route that only a known token opens; what is wrong is told without places on the disk."""

    @wraps(handler)
    async def answered(self: Learners, request: web.Request) -> web.StreamResponse:
        known = await asyncio.to_thread(find_learner, self.folder, request.match_info["token"])
        if known is None:
            return unknown_page(self.speaker(request))
        try:
            return await handler(self, request, *known)
        except CaseError as error:
            return web.Response(status=400, text=self.speaker(request)(str(error).replace(str(self.folder), "")))

    return answered


class Learners:
    """folder: of the lessons. It is read anew at each request: the teacher's session writes there, too."""

    below = LEARN

    def __init__(self, folder: Path, language: str | None = None) -> None:
        self.folder, self._language = folder, language
        self._one = threading.Lock()
        self._few = asyncio.Semaphore(AT_ONCE)

    def speaker(self, request: web.Request) -> Speaker:
        """In the language of who asked."""
        return Speaker.to(request, self._language)

    def add_routes(self, router: Any) -> None:
        """Routes for all below LEARN (aiohttp.web.UrlDispatcher)."""
        router.add_get(LEARN + "{token}/", self.home, allow_head=False)
        router.add_get(LEARN + "{token}/lesson", self.lesson, allow_head=False)
        router.add_get(LEARN + "{token}/scan/{number:\\d{1,3}}", self.scan, allow_head=False)
        router.add_get(LEARN + "{token}/found/{number:\\d{1,3}}", self.found, allow_head=False)
        router.add_get(LEARN + "{token}/result/{number:\\d{1,3}}", self.result, allow_head=False)
        router.add_post(LEARN + "{token}/answer/{number:\\d{1,3}}", self.answer)
        router.add_route("*", LEARN + "{rest:.*}", self.nothing_else)

    async def nothing_else(self, request: web.Request) -> web.StreamResponse:
        """For addresses that there are not."""
        return unknown_page(self.speaker(request))

    @for_learner
    async def home(self, request: web.Request, lesson: Lesson, learner: Learner) -> web.StreamResponse:
        """The page; it asks for the rest."""
        return page(self.speaker(request))

    @for_learner
    async def lesson(self, request: web.Request, lesson: Lesson, learner: Learner) -> web.StreamResponse:
        """The questions, and which are answered."""
        questions = [
            {
                "kind": question.kind,
                "text": self.speaker(request)(question.text),
                "points": learner.answers[number]["score"]["points"] if number in learner.answers else None,
            }
            for number, question in enumerate(lesson.questions, start=1)
        ]
        return web.json_response({"title": lesson.title, "learner": learner.name, "questions": questions})

    @for_learner
    async def scan(self, request: web.Request, lesson: Lesson, learner: Learner) -> web.StreamResponse:
        """The voxels of the CT alone, int16 [z, y, x] to superior, posterior and left."""
        async with self._few:
            scan = await asyncio.to_thread(_read, lesson.case_folder(_number(request)) / CT)
        return _binary(scan.packed, {"size": scan.size, "spacing": scan.spacing})

    @for_learner
    async def answer(self, request: web.Request, lesson: Lesson, learner: Learner) -> web.StreamResponse:
        """Keep the places that came (voxels x, y, z of the scan; none for "nothing to find") and tell the result."""
        number = _number(request)
        places = _places(await request.content.read(LONGEST_ANSWER + 1))
        async with self._few:
            learner = await asyncio.to_thread(self._keep, lesson, learner, number, places)
            return await self._told(request, lesson, learner, number)

    async def _told(self, request: web.Request, lesson: Lesson, learner: Learner, number: int) -> web.StreamResponse:
        """The result, the finding in the learner's language."""
        result = await asyncio.to_thread(_result, lesson, learner, number)
        finding = result["finding"]
        return web.json_response({**result, "finding": finding and self.speaker(request)(finding)})

    @for_learner
    async def result(self, request: web.Request, lesson: Lesson, learner: Learner) -> web.StreamResponse:
        """The result of an answer that was given before."""
        number = _answered(request, learner)
        async with self._few:
            return await self._told(request, lesson, learner, number)

    @for_learner
    async def found(self, request: web.Request, lesson: Lesson, learner: Learner) -> web.StreamResponse:
        """The voxels of the finding, uint8 on the grid of the scan, once the question is answered."""
        folder = lesson.case_folder(_answered(request, learner))
        finding = lesson.question(_number(request)).finding
        async with self._few:
            return _binary(await asyncio.to_thread(_found, folder, finding))

    def _keep(self, lesson: Lesson, learner: Learner, number: int, voxels: list[Point]) -> Learner:
        """One at a time, with the file as it is now: a double click answers once."""
        with self._one:
            grid = _read(lesson.case_folder(number) / CT).grid()
            places = [_point(grid.TransformContinuousIndexToPhysicalPoint(voxel)) for voxel in voxels]
            return answer(lesson, read_learner(learner.path, lesson), number, places)[0]


# ---------------------------------------------------------------- inside


def _number(request: web.Request) -> int:
    return int(request.match_info["number"])


def _answered(request: web.Request, learner: Learner) -> int:
    number = _number(request)
    if number not in learner.answers:
        raise CaseError(f"question {number} is not answered yet", "answer it first")
    return number


def _places(body: bytes) -> list[Point]:
    """Of a request's body. Raises CaseError."""
    wrong = CaseError("this is no answer", "reload the page")
    if len(body) > LONGEST_ANSWER:
        raise wrong
    try:
        told = json.loads(body)["places"]
        return [_point([float(value) for value in place]) for place in told]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise wrong from error


def _point(numbers: Any) -> Point:
    x, y, z = numbers
    return (x, y, z)


@dataclass(frozen=True)
class Scan:
    """A CT whose axes run to the left, to posterior and to superior: its grid (LPS mm) and its packed voxels."""

    size: tuple[int, ...]
    spacing: tuple[float, ...]
    origin: tuple[float, ...]
    direction: tuple[float, ...]
    packed: bytes

    def grid(self, whole: bool = False) -> sitk.Image:
        """An image of its geometry; whole: with as many voxels."""
        image = sitk.Image(self.size if whole else (1, 1, 1), sitk.sitkUInt8)
        image.SetSpacing(self.spacing)
        image.SetOrigin(self.origin)
        image.SetDirection(self.direction)
        return image


def _read(path: Path) -> Scan:
    """The CT in a file. Raises CaseError, without its place."""
    try:
        return _scan(path, path.stat().st_mtime_ns)
    except (GuideGenError, OSError) as error:
        raise CaseError("the scan cannot be read", "ask your teacher to look at it") from error


@lru_cache(maxsize=SCANS_KEPT)
def _scan(path: Path, _changed: int) -> Scan:
    ct = sitk.DICOMOrient(read_ct(path), "LPS")
    packed = gzip.compress(np.ascontiguousarray(sitk.GetArrayViewFromImage(ct), "<i2").tobytes(), 1, mtime=0)
    return Scan(ct.GetSize(), ct.GetSpacing(), ct.GetOrigin(), ct.GetDirection(), packed)


def _found(folder: Path, finding: str | None) -> bytes:
    """Packed voxels: 1 where the finding is."""
    grid = _read(folder / CT).grid(whole=True)
    mask = np.zeros(grid.GetSize()[::-1], np.uint8)
    if finding is not None:
        labels = sitk.GetArrayViewFromImage(on_grid(read_anatomy(folder / ANATOMY), grid, labels=True))
        mask[labels == values()[finding]] = 1
    return gzip.compress(mask.tobytes(), 1, mtime=0)


def _result(lesson: Lesson, learner: Learner, number: int) -> dict[str, Any]:
    """What is told once a question is answered: the score, the learner's places, the finding and the case's text."""
    question, told = lesson.question(number), learner.answers[number]
    folder = lesson.case_folder(number)
    grid = _read(folder / CT).grid()
    result = {
        "score": told["score"],
        "places": [_voxel(grid, place) for place in told["places"]],
        "finding": None,
        "ends": [],
        "text": lesson.text_of_case[question.case],
    }
    if question.finding is not None:
        anatomy = read_anatomy(folder / ANATOMY)
        points = voxel_points(anatomy, question.finding)
        result["finding"] = label(question.finding).name
        if len(points):
            largest = max(pieces(points, anatomy.GetSpacing()), key=len)
            result["ends"] = [_voxel(grid, end) for end in longest_line(largest)]
    return result


def _voxel(grid: sitk.Image, place: Any) -> list[float]:
    return list(grid.TransformPhysicalPointToContinuousIndex(place))


def _binary(packed: bytes, geometry: dict[str, Any] | None = None) -> web.Response:
    headers = {"Content-Encoding": "gzip"}
    if geometry is not None:
        headers[GEOMETRY] = json.dumps(geometry)
    return web.Response(body=packed, headers=headers, content_type="application/octet-stream")
