"""Who may ask the front: this machine, or the token; and only the front's own pages."""

import re

import pytest
from aiohttp import WSServerHandshakeError

from GuideGenLib.core.addresses import is_loopback
from GuideGenLib.web.server.front import Front
from Testing.web.fronts import Visitor, folders, in_own_loop, running

pytestmark = pytest.mark.usefixtures("temporary")


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.7", False),
        ("scanner", False),
    ],
)
def test_a_token_is_asked_for_unless_only_this_machine_can_come(host: str, alone: bool) -> None:
    assert is_loopback(host) is alone
    assert ("?token=" in Front(("true",), host=host).address) is not alone


@in_own_loop
async def test_the_token_of_the_address_opens_the_page_and_leaves_the_address() -> None:
    async with running(host="0.0.0.0") as front, Visitor(front) as visitor:
        token = front.address.split("?token=")[1]
        assert len(token) > 30 and "0.0.0.0" not in front.address
        response = await visitor.get(f"/?token={token}")
        text = await response.text()
        assert response.status == 200 and 'content="0; url=/"' in text and token not in text
        cookie = response.headers["Set-Cookie"]
        assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
        await visitor.open()


@in_own_loop
async def test_without_the_token_or_with_a_wrong_one_nothing_opens() -> None:
    async with running(host="0.0.0.0") as front, Visitor(front) as visitor:
        for path in ("/", "/?token=", "/?token=guessed", "/?token=%C3%BC%FF", "/about", "/ws"):
            response = await visitor.get(path)
            assert response.status == 403 and "guidegen web" in await response.text()
            assert "Set-Cookie" not in response.headers
        assert (await visitor.post("/upload")).status == 403
        visitor.client.cookie_jar.update_cookies({"guidegen_token": "guessed"})
        assert (await visitor.get()).status == 403
        assert not folders()


@in_own_loop
async def test_two_starts_have_two_tokens() -> None:
    async with running(host="0.0.0.0") as one, running(host="0.0.0.0") as other:
        assert one.address.split("?")[1] != other.address.split("?")[1]


@in_own_loop
async def test_a_foreign_name_of_this_machine_is_refused() -> None:
    async with running() as front, Visitor(front) as visitor:
        for name in (
            "evil.example",
            f"evil.example:{front.port}",
            "127.0.0.1.evil.example",
            "localhost@evil",
            "a;b",
            "",
        ):
            assert (await visitor.get(headers={"Host": name})).status == 403
        assert not folders()
        for name in (f"localhost:{front.port}", "localhost:9000", f"127.0.0.1:{front.port}", f"[::1]:{front.port}"):
            assert (await visitor.get(headers={"Host": name})).status in (200, 202)


@in_own_loop
async def test_requests_of_foreign_pages_are_refused() -> None:
    async with running() as front, Visitor(front) as visitor:
        await visitor.open()
        own = visitor.origin
        foreign = (
            "https://evil.example",
            "http://127.0.0.1:1",
            "http://localhost:1",
            "null",
            "",
            own + ".evil.example",
        )
        for origin in foreign:
            assert (await visitor.post("/upload", data=b"x", headers={"Origin": origin})).status == 403
            with pytest.raises(WSServerHandshakeError, match="403"):
                await visitor.socket(headers={"Origin": origin})
        assert (await visitor.ask("DELETE", "/about")).status == 403, "no origin at all"
        assert (await visitor.post("/upload", data=b"x")).status == 200
        await (await visitor.socket()).close()


@in_own_loop
async def test_a_foreign_page_can_link_here_but_not_embed() -> None:
    async with running() as front, Visitor(front) as visitor:
        for site in ("cross-site", "same-site"):
            picture = await visitor.get(headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"})
            assert picture.status == 403
            link = await visitor.get(headers={"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"})
            assert link.status == 200 and 'content="0; url=/"' in await link.text()
            assert "Set-Cookie" not in link.headers
        assert not folders(), "the link's own visit starts the session, with its cookies"


@in_own_loop
async def test_every_answer_has_the_security_headers() -> None:
    async with running(max_sessions=1) as front, Visitor(front) as visitor, Visitor(front) as other:
        starting, home = await visitor.get(), await visitor.home()
        answers = [
            starting,
            home,
            await visitor.get("/about"),
            await visitor.get("/nothing"),
            await visitor.post("/upload"),
            await visitor.post("/upload", headers={"Origin": "null"}),
            await visitor.get(headers={"Host": "evil.example"}),
            await other.get(),
            await other.get("/about"),
        ]
        assert [answer.status for answer in answers] == [202, 200, 200, 404, 200, 403, 403, 503, 410]
        for answer in answers:
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["X-Frame-Options"] == "DENY"
            assert answer.headers["Referrer-Policy"] == "same-origin"
            assert answer.headers["Cache-Control"] == "no-store"
            assert "Server" not in answer.headers
        sources = set(re.findall(r"[a-z]+://\S+", home.headers["Content-Security-Policy"]))
        own = f"://127.0.0.1:{front.port}"
        assert {source.rstrip(";") for source in sources} == {f"ws{own}", f"wss{own}"}
