"""The dialog of the page that asks what the labels of a file are."""

from __future__ import annotations

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from GuideGenLib.anatomy.label_volumes import TISSUE_KEYS
from GuideGenLib.anatomy.table import labels
from GuideGenLib.web.words import options

STATE = {"files_choices": [], "files_alone": False, "files_structure": None}
"""Known to the page alone: what is asked, whether one structure may be named, and the one that was."""


def build_question() -> None:
    """The dialog. `guidegenFiles.choose(labels)` opens the file with what was chosen, null leaves it closed."""
    structures = {row.key: row.name for row in labels()[1:] if row.key not in TISSUE_KEYS}
    with (
        v3.VDialog(model_value=("files_question === 'vocabulary'",), max_width=760, persistent=True, scrollable=True),
        v3.VCard(id="files-vocabulary-question"),
    ):
        v3.VCardTitle("What are these labels?")
        with v3.VCardText():
            html.P(
                "Nothing in “{{ files_name }}” tells what its numbers mean. The pictures show it from the front, named "
                "and coloured as each of these programs would. Take the one where the names are right.",
                classes="mb-3",
                style="overflow-wrap: anywhere",
            )
            with html.Div(
                v_for="(one, at) in files_choices",
                key="one.labels",
                classes="d-flex ga-4 pa-2 mb-2 rounded border",
                style="align-items: flex-start",
            ):
                html.Img(
                    src=("one.picture",),
                    alt=("`The labels from the front, as ${one.title} has them`",),
                    style="width: 120px; max-height: 180px; object-fit: contain; image-rendering: pixelated; "
                    "background: #181a1e",
                )
                with html.Div(style="flex: 1; min-width: 0"):
                    html.Div("{{ one.title }}", classes="text-subtitle-1")
                    html.Div("{{ one.fit }}", classes="text-body-2 text-medium-emphasis mb-1")
                    with html.Div(classes="d-flex flex-wrap", style="gap: 2px 12px"):
                        with html.Span(
                            v_for="named in one.names", key="named.name", classes="text-body-2 text-no-wrap"
                        ):
                            html.Span(
                                style=("`color: ${named.colour}; text-shadow: 0 0 1px #000`",), v_html="'&#9679; '"
                            )
                            html.Span("{{ named.name }}{{ named.odd ? ' (not its place or size)' : '' }}")
                        html.Span("and {{ one.more }} more", v_if="one.more", classes="text-body-2")
                v3.VBtn(
                    "Take it",
                    id=("`files-vocabulary-${one.labels}`",),
                    aria_label=("`Open as ${one.title}`",),
                    click="window.guidegenFiles.choose(one.labels)",
                    variant="tonal",
                    color="primary",
                )
            with html.Div(v_if=("files_alone",), classes="d-flex ga-2 align-center mt-3"):
                v3.VAutocomplete(
                    v_model=("files_structure",),
                    items=(options(structures),),
                    id="files-vocabulary-structure",
                    label="Or it is a mask of one structure",
                    density="compact",
                    hide_details=True,
                )
                v3.VBtn(
                    "Take it",
                    id="files-vocabulary-mask",
                    disabled=("!files_structure",),
                    click="window.guidegenFiles.choose(files_structure)",
                    variant="tonal",
                    color="primary",
                )
        with v3.VCardActions():
            v3.VSpacer()
            v3.VBtn("None of these", id="files-vocabulary-cancel", click="window.guidegenFiles.choose(null)")
