"""The widgets of the lessons."""

from __future__ import annotations

from typing import Protocol

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from GuideGenLib.cases.lesson import ASKED
from GuideGenLib.cases.scoring import MEASURE, OUTLINE, POINT
from GuideGenLib.web.words import chosen_words, options

LINK = "`${window.location.origin}/learn/${learner.token}/`"
RESULTS = "`cases/results?lesson=${encodeURIComponent(lesson_chosen)}`"


KIND_TITLES = {POINT: "point", MEASURE: "measure", OUTLINE: "draw an outline"}
KINDS = (
    f"{options(KIND_TITLES)}.filter(kind => "
    "row.findings.find(one => one.value === row.finding)?.kinds.includes(kind.value))"
)


class LessonActions(Protocol):
    """What can be done with lessons, as `lesson_panel.LessonPanel` has it."""

    def draft(self) -> None: ...
    def change(self, place: int, name: str, value: str) -> None: ...
    def make(self) -> None: ...
    def add_learner(self) -> None: ...
    def refresh(self) -> None: ...
    def delete(self) -> None: ...
    def undo_delete(self) -> None: ...


def build_lessons(panel: LessonActions) -> None:
    """From marked cases to a lesson, from a lesson to links and results."""
    v3.VBtn(
        "Ask about the {{ cases_picked.length }} marked cases",
        id="lesson-draft",
        click=(panel.draft, "[]"),
        block=True,
        variant="tonal",
        prepend_icon="mdi-help-circle-outline",
        disabled=("cases_picked.length === 0 || lesson_busy",),
        title="Mark cases in the list above with their boxes; then say what is asked about each",
        classes="mb-2",
    )
    _draft(panel)
    v3.VSelect(
        id="lesson-chosen",
        v_if=("lesson_titles.length > 0",),
        v_model=("lesson_chosen",),
        items=("lesson_titles",),
        label="Lesson",
        classes="mb-2",
    )
    v3.VBtn(
        "Undo: take {{ lesson_deleted }} back",
        id="lesson-undo",
        v_if=("lesson_deleted !== ''",),
        click=(panel.undo_delete, "[]"),
        size="small",
        variant="text",
        prepend_icon="mdi-undo",
        title="Takes the last deleted lesson back, with its links and answers; the trash keeps lessons for 30 days",
        classes="mb-2",
    )
    html.Div("{{ problem }}", v_for="problem in lesson_problems", key="problem", classes="text-caption text-error")
    _learners(panel)


def _draft(panel: LessonActions) -> None:
    with html.Div(v_if=("lesson_draft.length > 0",), id="lesson-questions"):
        with html.Div(v_for="(row, place) in lesson_draft", key="row.case", classes="mb-3"):
            html.Div(
                "{{ place + 1 }}. {{ row.case }}",
                classes="text-body-2 font-weight-medium mb-1",
                style="overflow-wrap: anywhere",
            )
            with html.Div(classes="d-flex flex-wrap mb-1", style="gap: 6px"):
                v3.VSelect(
                    model_value=("row.kind",),
                    update_modelValue=(panel.change, "[place, 'kind', $event]"),
                    items=(KINDS,),
                    label="Ask to",
                    style="min-width: 0; flex: 1 1 130px",
                    raw_attrs=[':id="`lesson-kind-${place}`"'],
                )
                v3.VSelect(
                    model_value=("row.finding",),
                    update_modelValue=(panel.change, "[place, 'finding', $event]"),
                    items=("row.findings",),
                    label="The answer",
                    style="min-width: 0; flex: 2 1 190px",
                    raw_attrs=[':id="`lesson-finding-${place}`"'],
                )
            v3.VTextField(
                model_value=("row.text",),
                change=(panel.change, "[place, 'text', $event.target.value]"),
                label="Question",
                placeholder=(f"{chosen_words(ASKED)}[row.kind]",),
                persistent_placeholder=True,
                maxlength=400,
                raw_attrs=[':id="`lesson-text-${place}`"'],
            )
        with html.Div(classes="d-flex align-center mb-3", style="gap: 6px"):
            v3.VTextField(
                id="lesson-title",
                v_model=("lesson_title",),
                label="Title",
                placeholder="learners see it",
                persistent_placeholder=True,
                maxlength=80,
            )
            v3.VBtn(
                "Make lesson",
                id="lesson-make",
                click=(panel.make, "[]"),
                color="primary",
                disabled=("!lesson_title.trim()",),
                title="Copies the cases, under numbers, into a folder of the lesson",
            )


def _learners(panel: LessonActions) -> None:
    with html.Div(v_if=("lesson_chosen !== ''",), id="lesson-learners"):
        with html.Div(classes="d-flex align-center mb-2", style="gap: 6px"):
            v3.VTextField(
                id="lesson-learner",
                v_model=("lesson_learner",),
                label="Learner",
                placeholder="name",
                persistent_placeholder=True,
                maxlength=60,
            )
            v3.VBtn(
                "Add",
                id="lesson-add",
                click=(panel.add_learner, "[]"),
                variant="tonal",
                disabled=("!lesson_learner.trim()",),
                title="Makes a link for this learner alone",
            )
        with html.Div(
            v_for="learner in lesson_learners",
            key="learner.name",
            classes="d-flex align-center mb-1 text-body-2",
            style="gap: 6px",
            raw_attrs=[':data-learner="learner.name"'],
        ):
            html.A(
                "{{ learner.name }}",
                href=(LINK,),
                target="_blank",
                rel="noopener",
                style="flex: 1; min-width: 0; color: inherit",
                title="Opens the learner's page",
            )
            html.Span("{{ learner.answered }} of {{ lesson_questions }}, {{ learner.points }} points")
            v3.VBtn(
                icon="mdi-content-copy",
                size="x-small",
                variant="text",
                title="Copy the link",
                aria_label=("`Copy the link of ${learner.name}`",),
                click=f"window.navigator.clipboard.writeText({LINK})",
            )
        with html.Div(classes="d-flex flex-wrap mt-2", style="gap: 6px"):
            v3.VBtn("Look again", id="lesson-refresh", click=(panel.refresh, "[]"), size="small", variant="tonal",
                    title="Shows answers that came meanwhile")  # fmt: skip
            v3.VBtn(
                "Results (.csv)",
                id="lesson-results",
                href=(RESULTS,),
                raw_attrs=["download"],  # without it the browser begins to leave the page, which then is closed
                size="small",
                variant="tonal",
                prepend_icon="mdi-download",
                disabled=("lesson_learners.length === 0",),
                title="A line for each question of each learner",
            )
            v3.VBtn(
                "Delete lesson",
                id="lesson-delete",
                click=(panel.delete, "[]"),
                size="small",
                variant="text",
                prepend_icon="mdi-delete-outline",
                title="Moves the lesson and its answers to the trash; links of its learners open nothing then",
            )
