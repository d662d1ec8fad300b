"""The frame of the page: title, drawer with the steps in their order, views, messages, theme and shortcuts."""

from __future__ import annotations

from typing import Any, Protocol

from trame.ui.vuetify3 import VAppLayout
from trame.widgets import client, html
from trame.widgets import vuetify3 as v3

from GuideGenLib.core.languages import languages
from GuideGenLib.web.cases.step import CasesStep
from GuideGenLib.web.editor.panel import EditorPanel
from GuideGenLib.web.files.panel import FilesPanel
from GuideGenLib.web.panels.change import ChangePanel
from GuideGenLib.web.panels.compare import ComparePanel
from GuideGenLib.web.panels.ct import CTPanel
from GuideGenLib.web.panels.dated import DatedPanel
from GuideGenLib.web.panels.keep import KeepPanel
from GuideGenLib.web.panels.lesion import LesionPanel
from GuideGenLib.web.panels.panel import Panel
from GuideGenLib.web.panels.prompt import PromptPanel
from GuideGenLib.web.panels.run import RunPanel
from GuideGenLib.web.panels.runs import RunsPanel
from GuideGenLib.web.panels.segments import SegmentsPanel
from GuideGenLib.web.panels.settings import SettingsPanel
from GuideGenLib.web.panels.understood import UnderstoodPanel
from GuideGenLib.web.scripts import once
from GuideGenLib.web.speaking import COOKIE
from GuideGenLib.web.views.after import AfterRun
from GuideGenLib.web.views.bars import NAMES
from GuideGenLib.web.views.keys.tour import Tour
from GuideGenLib.web.views.views import Views
from GuideGenLib.web.words import options, translated
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow import words

TITLE = "GuideGen"
DRAWER_WIDTH = "Math.min(390, Math.max(300, 0.45 * $vuetify.display.width))"
MESSAGE_MS = 8000
FIELD = {"variant": "outlined", "density": "compact", "hideDetails": True}
FRAMEWORK_WORDS = (
    "{en: {open: 'Open', close: 'Close', dismiss: 'Close', noDataText: 'Nothing to choose from', "
    "loading: 'Loading…', input: {clear: 'Clear {0}', prependAction: '{0}', appendAction: '{0}'}}}"
)
"""What the framework says by itself."""

LIGHT = {
    "surface": "#FFFFFF", "primary": "#1257A8", "info": "#0B5C9E", "success": "#1B6B2E", "warning": "#8A4B00",
    "error": "#B00020",
}  # fmt: skip
DARK = {
    "surface": "#212121", "primary": "#64B5F6", "info": "#64B5F6", "success": "#81C784", "warning": "#FFB74D",
    "error": "#FF8A80", "on-primary": "#0A1929",
}  # fmt: skip
"""Each colour can be read as text on the surface, also where that is tinted with it (4.5 to 1, WCAG 2.2)."""

VUETIFY = {
    "defaults": dict.fromkeys(("VSelect", "VTextField", "VTextarea"), FIELD),
    "theme": {"themes": {"light": {"dark": False, "colors": LIGHT}, "dark": {"dark": True, "colors": DARK}}},
}
"""What all fields of the page have in common, and its two themes."""
STYLE = """
html { overflow: hidden }
.v-expansion-panel-text__wrapper { padding: 4px 12px 12px }
.v-field--variant-plain .v-field__input { padding-top: 2px; padding-bottom: 2px; min-height: 30px }
.v-field--variant-plain .v-field__append-inner { padding-top: 0; align-items: center }
.v-table--density-compact > .v-table__wrapper > table > tbody > tr > td { height: 30px }
.v-btn { text-transform: none; letter-spacing: normal }
.v-btn--block { height: auto !important; min-height: 28px; padding-block: 4px }
.v-btn--block.v-btn--size-default { min-height: 36px }
.v-btn--block .v-btn__content { white-space: normal }
#ct-window .v-btn { min-width: 0; flex: 1 1 auto; padding: 0 4px }
.v-btn--disabled { pointer-events: auto !important }
.v-expansion-panel-title { min-height: 40px !important; padding: 6px 12px }
.layout-grid-item { container-type: inline-size }
@container (max-width: 300px) { [id^=views-][id$=-slice] + span { display: none } }
@container (max-width: 200px) { [id^=views-][id$=-slice] { visibility: hidden; min-width: 0 !important } }
"""
"""In a narrow view, as at 800 px or 200 % zoom, the buttons stay and the place of the slice goes: the read-out has it.
"""

EMPTY_STYLE = (
    "position: absolute; top: 50%; left: 50%; transform: translate(-50%, -50%); color: white; padding: 8px 16px; "
    "background: rgba(60, 60, 60, 0.85); border-radius: 6px; pointer-events: none; white-space: nowrap"
)
SCRIPT = """
const nameViews = () => document.querySelectorAll('img.image-display-area:not([alt])').forEach((image) => {
  image.alt = image.closest('.layout-grid-item')?.querySelector('[id^=views-][id$=-bar] span')?.textContent || '';
});
new MutationObserver(nameViews).observe(document.body, { childList: true, subtree: true });
nameViews();
window.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) document.getElementById('run-generate')?.click();
});
"""
"""The pictures of the views get names; Ctrl+Enter presses Generate (or Cancel) wherever one types."""
LANGUAGES = {"de": "Deutsch", "en": "English"}
"""Of languages, each in itself."""

HINT = "Describe a patient, generate the anatomy, edit it with the brush, and generate its CT."
SYNTHETIC = "Everything that you see here is synthetic: it shows no real patient and is not for diagnosis."
UPLOADED = "What was uploaded may show a real patient. Nothing here is for diagnosis."
TEMPLATE = "trame__template_"
SHOW_LANGUAGE = "window.document.documentElement.lang = shell_language"

THEME = "guidegen-theme"
"""Where the browser remembers it."""


class Parts(Protocol):
    """The parts of the page, as `app.WebApp` holds them."""

    views: Views
    prompt: PromptPanel
    run: RunPanel
    understood: UnderstoodPanel
    settings: SettingsPanel
    runs: RunsPanel
    segments: SegmentsPanel
    editor: EditorPanel
    lesion: LesionPanel
    ct: CTPanel
    change: ChangePanel
    dated: DatedPanel
    compare: ComparePanel
    after: AfterRun
    tour: Tour
    files: FilesPanel
    cases: CasesStep
    keep: KeepPanel


class Shell(Panel):
    """`app` gives the panels; they are written here in the order in which a case is made."""

    def __init__(self, server: Any, workspace: Workspace, app: Parts) -> None:
        super().__init__(server, workspace)
        self.app = app
        self._there = False
        self.state.update(
            {
                "trame__title": TITLE,
                "trame__favicon": None,
                "shell_dark": True,
                "shell_language": words.language,
                "shell_drawer": True,
                "shell_open": ["prompt", "understood"],
                "shell_hint": True,
                "shell_message": "",
                "shell_message_kind": "info",
                "shell_message_shown": False,
            }
        )
        workspace.told.connect(self._on_told)
        workspace.chosen.connect(self._open_next)
        self.build()

    def build(self) -> None:
        """Write the whole page."""
        with (
            VAppLayout(self.server, vuetify_config=VUETIFY, theme=("shell_dark ? 'dark' : 'light'",)) as layout,
            v3.VLocaleProvider(messages=(FRAMEWORK_WORDS,)),
        ):
            client.Style(STYLE)
            client.Script(once(SCRIPT))
            client.ClientTriggers(
                mounted=f"shell_dark = window.localStorage.getItem('{THEME}') !== 'light'; {SHOW_LANGUAGE}"
            )
            self._bar()
            with v3.VNavigationDrawer(v_model=("shell_drawer",), width=(DRAWER_WIDTH,), permanent=True):
                self.app.keep.build()
                self.app.tour.build()
                self._steps()
                with v3.Template(v_slot_append=True):
                    self.app.run.build_progress()
            with (
                v3.VMain(style="height: 100vh"),
                html.Div(style="position: relative; width: 100%; height: 100%"),
            ):
                self.app.views.build()
                html.Div(
                    "No anatomy yet: describe a patient on the left, then press Generate anatomy.",
                    id="shell-empty",
                    v_if=("!ct_anatomy && !ct_there && !run_busy",),
                    style=EMPTY_STYLE,
                )
            self._messages()

        views = {key: self.state[key] for name in NAMES if (key := f"{TEMPLATE}{name}") in self.state}
        self.templates = {f"{TEMPLATE}{layout.template_name}": layout.html, **views}
        self.speak(words.language)

    def speak(self, code: str) -> None:
        """Say everything in a language from now on, also what is shown already."""
        words.speak(code)
        with self.state:
            for key, english in self.templates.items():
                self.state[key] = translated(english, words.translate)
            self.state.shell_language = code
            self.workspace.spoken.emit()
            self.workspace.choose()

    def _bar(self) -> None:
        with v3.VAppBar(density="compact", flat=True, border=True):
            v3.VBtn(
                id="shell-drawer",
                icon="mdi-menu",
                size="small",
                title="Show or hide the panel",
                aria_label="Show or hide the panel",
                aria_expanded=("shell_drawer",),
                click="shell_drawer = !shell_drawer",
            )
            html.H1(TITLE, classes="text-h6 font-weight-bold mr-4")
            v3.VChip(
                "{{ views_mark === 'SYNTHETIC' ? 'Synthetic data' : 'Uploaded data' }}",
                size="small",
                color="warning",
                variant="tonal",
                prepend_icon="mdi-flask",
            )
            self.app.dated.build_chip()
            v3.VSpacer()
            v3.VBtn(
                id="shell-theme",
                icon=("shell_dark ? 'mdi-weather-sunny' : 'mdi-weather-night'",),
                size="small",
                title="Light or dark",
                aria_label="Light or dark",
                click=(
                    f"shell_dark = !shell_dark; window.localStorage.setItem('{THEME}', shell_dark ? 'dark' : 'light')"
                ),
            )

    def _steps(self) -> None:
        with v3.VExpansionPanels(v_model=("shell_open",), multiple=True, variant="accordion", flat=True):
            with self._step("prompt", "Describe", "mdi-text-box-edit-outline"):
                v3.VAlert(
                    f"{HINT} {{{{ views_mark === 'SYNTHETIC' ? '{SYNTHETIC}' : '{UPLOADED}' }}}}",
                    id="shell-hint",
                    v_if=("shell_hint",),
                    type="info",
                    variant="tonal",
                    density="compact",
                    closable=True,
                    update_modelValue="shell_hint = false",
                    classes="mb-3 text-body-2",
                )
                self.app.prompt.build()
                self.app.run.build()
                self.app.after.build_missing()
            with self._step("understood", "Understood", "mdi-text-search"):
                self.app.understood.build()
            with self._step("settings", "Settings", "mdi-tune"):
                self._language()
                self.app.settings.build()
            with self._step("anatomy", "Anatomy", "mdi-human"):
                self.app.runs.build()
                self.app.after.build()
                self.app.segments.build()
                self.app.run.build_completion()
                self.app.editor.build()
                self.app.lesion.build()
            with self._step("ct", "CT", "mdi-radiology-box-outline"):
                self.app.dated.build()
                self.app.ct.build()
                self.app.compare.build()
            with self._step("change", "Change this case", "mdi-account-edit-outline"):
                self.app.change.build()
            with self._step("files", "Files", "mdi-folder-outline"):
                self.app.files.build()
            self.app.cases.build(self._step)

    def _language(self) -> None:
        """The browser keeps the choice, so that the next session begins with it."""
        kept = f"window.document.cookie = '{COOKIE}=' + $event + '; path=/; max-age=31536000; samesite=strict'"
        told = f"trigger('{self.server.trigger_name(self.speak)}', [$event])"
        v3.VSelect(
            id="shell-language",
            model_value=("shell_language",),
            update_modelValue=f"{kept}; window.document.documentElement.lang = $event; {told}",
            items=(options({code: LANGUAGES.get(code, code) for code in languages()}),),
            label="Language of the page",
            classes="mb-3",
        )

    def _step(self, name: str, title: str, icon: str) -> Any:
        panel = v3.VExpansionPanel(value=name)
        with panel:
            with v3.VExpansionPanelTitle(id=f"shell-{name}"):
                v3.VIcon(icon, size="small", classes="mr-2")
                html.Span(title, classes="font-weight-medium")
            text = v3.VExpansionPanelText(eager=True)
        return text

    def _messages(self) -> None:
        with v3.VSnackbar(
            v_model=("shell_message_shown",),
            color=("shell_message_kind",),
            timeout=MESSAGE_MS,
            location="bottom right",
            multi_line=True,
        ):
            html.Div("{{ shell_message }}", id="shell-message", style="white-space: pre-line")
            with v3.Template(v_slot_actions=True):
                v3.VBtn("Close", variant="text", click="shell_message_shown = false")

    def _on_told(self, text: str, kind: str) -> None:
        with self.state:
            self.state.update({"shell_message": text, "shell_message_kind": kind, "shell_message_shown": True})

    def _open_next(self) -> None:
        """Open the steps that the first anatomy leads to, and close those before: they are a page long."""
        there = self.workspace.segmentation is not None
        if there != self._there:
            self._there = there
            with self.state:
                lists = ("files", "cases", "lessons")  # where another one may follow
                kept = [step for step in self.state.shell_open if step in lists]
                self.state.shell_open = [*(["anatomy", "ct"] if there else ["prompt", "understood"]), *kept]
