"""The language that a browser is spoken to: its user's choice, else the owner's, else what the browser asks for."""

import re

import pytest

from GuideGenLib.web.speaking import COOKIE
from Testing.web.fronts import Visitor, in_own_loop, running

pytestmark = pytest.mark.usefixtures("temporary")
GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


@in_own_loop
async def test_a_session_speaks_as_the_first_request_of_its_browser_asks() -> None:
    async with running() as front, Visitor(front) as german, Visitor(front) as other:
        first = await german.get(headers=GERMAN)
        text = await first.text()
        assert '<html lang="de">' in text and "Einige Sekunden" in text.replace("einige", "Einige")
        assert (await german.open())["language"] == "de"
        assert (await other.open())["language"] == "en"


@in_own_loop
async def test_the_owners_language_comes_before_the_browsers_and_its_users_before_both() -> None:
    async with running(language="en") as front, Visitor(front) as browser, Visitor(front) as chosen:
        assert '<html lang="en">' in await (await browser.get(headers=GERMAN)).text()
        assert (await browser.open())["language"] == "en"
        chosen.client.cookie_jar.update_cookies({COOKIE: "de"})
        assert (await chosen.open())["language"] == "de"


@in_own_loop
async def test_a_language_that_there_is_not_is_english_and_trouble_is_told_in_the_users() -> None:
    async with running("no opengl") as front, Visitor(front) as browser, Visitor(front) as german:
        browser.client.cookie_jar.update_cookies({COOKIE: "../de"})
        assert '<html lang="en">' in await (await browser.get()).text()
        german.client.cookie_jar.update_cookies({COOKIE: "de"})
        told = await (await german.home()).text()
        assert re.search("Grund: dieser Rechner hat kein OpenGL.*libegl1", told), told
        assert "Erneut versuchen" in told
