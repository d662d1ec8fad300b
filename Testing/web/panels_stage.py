"""Prompt, understood, settings and run panel over an empty scene, without a browser."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from GuideGenLib.web.panels.prompt import PromptPanel
from GuideGenLib.web.panels.run import RunPanel
from GuideGenLib.web.panels.settings import SettingsPanel
from GuideGenLib.web.panels.understood import UnderstoodPanel
from GuideGenLib.web.runner import Runner
from GuideGenLib.web.workspace import Workspace
from Testing.pretended_worker import PretendedWorker

TEXT = "A 60 year old woman with a 30 mm tumor in the sigmoid colon."


def panels(folder: Path, name: str) -> SimpleNamespace:
    """The panels over an empty scene, with a client that computes nothing."""
    from trame.app import get_server

    from GuideGenLib.scene.headless import new_scene

    server = get_server(name, client_type="vue3")
    headless = new_scene()
    workspace = Workspace(SimpleNamespace(scene=headless.scene), folder)
    messages: list[tuple[str, str]] = []
    workspace.told.connect(lambda text, kind: messages.append((text, kind)))
    runner = Runner(workspace)
    client = PretendedWorker()
    runner.make_client = lambda bundle, device: client
    prompt = PromptPanel(server, workspace)
    understood = UnderstoodPanel(server, workspace, prompt)
    settings = SettingsPanel(server, workspace, [folder / "mine"])
    settings.state.settings_bundle = 1  # the one that ships
    run = RunPanel(server, workspace, runner, understood, settings)
    run.start = start_without_loop(run)  # type: ignore[method-assign]

    def type_text(text: str) -> None:
        prompt.set_text(text)
        prompt.changed.emit(text)  # as the page's change does

    return SimpleNamespace(
        server=server, state=server.state, workspace=workspace, runner=runner, client=client, prompt=prompt,
        understood=understood, settings=settings, run=run, type=type_text, messages=messages, headless=headless,
    )  # fmt: skip


def start_without_loop(run: RunPanel) -> Any:
    """Begin a run without the task that follows it; tests poll by themselves."""

    def start(begin: Any) -> None:
        begin()
        run.state.run_busy = True

    return start
