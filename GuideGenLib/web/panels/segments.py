"""The segments of the anatomy: find one, go to it, choose it for editing, show and hide, add, name and remove."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from undo_stack import Signal

from GuideGenLib.anatomy import table
from GuideGenLib.anatomy.label import SWITCHES, Label
from GuideGenLib.scene.segments.centre import place_within
from GuideGenLib.scene.segments.looks import FILL, FILL_OVER_CT
from GuideGenLib.scene.segments.terminology import set_terminology
from GuideGenLib.web.editor.snapshot import label_of_tags, tags_of
from GuideGenLib.web.panels.panel import Panel
from GuideGenLib.web.panels.segments_widgets import SegmentsWidgets
from GuideGenLib.web.workspace import Workspace
from GuideGenLib.workflow.words import say, sentence, told

if TYPE_CHECKING:
    from GuideGenLib.web.views.views import Views


OUTLINE, SURFACE = 1.0, 1.0


class SegmentsPanel(Panel):
    """`activated(id)` when another segment (or none: "") is chosen for editing."""

    activated = Signal(str)

    def __init__(self, server: Any, workspace: Workspace, views: Views) -> None:
        super().__init__(server, workspace)
        self.views = views
        self._segmentation: Any = None
        self.state.update(
            {
                "segments_rows": [],
                "segments_groups": {},
                "segments_active": "",
                "segments_search": "",
                "segments_found": None,
                "segments_fill": FILL,
                "segments_outline": OUTLINE,
                "segments_opacity": SURFACE,
                "segments_label": None,
                "segments_details": False,
            }
        )
        self.state.change("segments_search")(self._on_search)
        self.state.change("segments_fill", "segments_outline", "segments_opacity")(self._on_opacity)
        workspace.chosen.connect(self._on_chosen)
        workspace.edited.connect(self.refresh)

    # ------------------------------------------------------------ what others ask

    @property
    def active(self) -> str:
        """ID of the segment that is chosen for editing, "" where there is none."""
        return str(self.state.segments_active)

    def choose(self, segment_id: str) -> None:
        """Choose a segment for editing; one that is not there chooses none."""
        present = {row["id"] for row in self.state.segments_rows}
        wanted = segment_id if segment_id in present else ""
        if wanted == self.active:
            return
        with self.state:
            self.state.segments_active = wanted
        self.activated.emit(wanted)

    def refresh(self) -> None:
        """Bring the list up to date; the page hears of it only where something in it changed."""
        rows = self._rows()
        if rows == self.state.segments_rows:
            return
        with self.state:
            self.state.segments_rows = rows
            self.state.segments_groups = _shown_groups(rows)
            self._on_search()
        if self.active not in {row["id"] for row in rows}:
            self.choose("")

    # ------------------------------------------------------------ find and go

    def find(self, text: str) -> list[str] | None:
        """IDs of the segments whose name holds a text, or whose label is known by its words; None for no text."""
        wanted = text.strip().lower()
        if not wanted:
            return None
        keys = {row.key for row in table.find(wanted)}
        return [
            row["id"]
            for row in self.state.segments_rows
            if wanted in row["name"].lower() or wanted in row["title"].lower() or row["key"] in keys
        ]

    def take_first(self) -> None:
        """Choose the first segment that was found, and go to it."""
        found = self.state.segments_found
        if found:
            self.jump(found[0])

    def jump(self, segment_id: str = "") -> None:
        """Choose a segment (as it is: the chosen one) and centre the views on it."""
        if segment_id:
            self.choose(segment_id)
        node = self.workspace.segmentation
        centre = place_within(node, self.active) if node is not None and self.active else None
        if centre is None:
            self.workspace.tell(say("Choose a segment in the list first; an empty one has no place."), "info")
            return
        self.views.jump_to(centre)

    # ------------------------------------------------------------ show and hide

    def show_one(self, segment_id: str) -> None:
        """Show a hidden segment, hide a shown one."""
        display = self._display()
        if display is not None:
            display.SetSegmentVisibility(segment_id, not display.GetSegmentVisibility(segment_id))
            self.refresh()

    def show_group(self, name: str) -> None:
        """Hide all segments of a group of SWITCHES, or show them where all are hidden."""
        display = self._display()
        if display is None:
            return
        visible = not self.state.segments_groups.get(name, False)
        modifying = display.StartModify()
        for row in self.state.segments_rows:
            if row["group"] == name:
                display.SetSegmentVisibility(row["id"], visible)
        display.EndModify(modifying)
        self.refresh()

    # ------------------------------------------------------------ add, name, remove

    def add(self) -> None:
        """Add an empty segment of the label that is chosen in the field; one that is there already is chosen."""
        node, key = self.workspace.segmentation, self.state.segments_label
        if node is None or not key:
            return
        there = [row["id"] for row in self.state.segments_rows if row["key"] == key]
        if there:
            words = "{name} is in the list already; it is chosen now."
            self.workspace.tell(sentence(say(words, name=told(table.label(key).name))), "info")
            self.choose(there[0])
            return
        row, segmentation = table.label(key), node.GetSegmentation()
        segment_id = segmentation.AddEmptySegment(segmentation.GenerateUniqueSegmentID(key), row.name, _color(row))
        set_terminology(segmentation.GetSegment(segment_id), key)
        self._changed()
        self.choose(segment_id)

    def name_chosen(self) -> None:
        """Make the chosen segment what the field says: its name, colour and terminology."""
        node, key = self.workspace.segmentation, self.state.segments_label
        segment = None if node is None or not key else node.GetSegmentation().GetSegment(self.active)
        if segment is None:
            self.workspace.tell(say("Choose a segment in the list and what it is in the field below."), "info")
            return
        segment.SetName(table.label(key).name)
        segment.SetColor(*_color(table.label(key)))
        set_terminology(segment, key)
        self._changed()

    def remove(self) -> None:
        """Remove the chosen segment; what it held becomes body. Undo brings it back."""
        node, segment_id = self.workspace.segmentation, self.active
        if node is None or not segment_id:
            self.workspace.tell(say("Choose the segment to remove in the list first."), "info")
            return
        node.GetSegmentation().RemoveSegment(segment_id)
        self._changed()

    # ------------------------------------------------------------ inside

    def _changed(self) -> None:
        self.refresh()
        self.workspace.edited.emit()

    def _on_chosen(self) -> None:
        node = self.workspace.segmentation
        another = node is not self._segmentation
        self._segmentation = node
        self.refresh()
        self._let_ct_shine()
        if another:
            self._on_opacity()
            self.choose("")
            with self.state:
                self.state.segments_search = ""

    def _let_ct_shine(self) -> None:
        """A CT under the segments is to be seen; a fill that the user has set stays."""
        usual = {False: FILL, True: FILL_OVER_CT}
        there = self.workspace.ct is not None
        if self.state.segments_fill == usual[not there]:
            with self.state:
                self.state.segments_fill = usual[there]
            self._on_opacity()

    def _on_search(self, **_: Any) -> None:
        self.state.segments_found = self.find(self.state.segments_search or "")

    def _on_opacity(self, **_: Any) -> None:
        display = self._display()
        if display is None:
            return
        modifying = display.StartModify()
        display.SetOpacity2DFill(float(self.state.segments_fill))
        display.SetOpacity2DOutline(float(self.state.segments_outline))
        display.SetOpacity3D(float(self.state.segments_opacity))
        display.EndModify(modifying)

    def _display(self) -> Any:
        node = self.workspace.segmentation
        if node is not None and node.GetDisplayNode() is None:
            node.CreateDefaultDisplayNodes()
        return None if node is None else node.GetDisplayNode()

    def _rows(self) -> list[dict[str, Any]]:
        node, display = self.workspace.segmentation, self._display()
        if node is None:
            return []
        segmentation = node.GetSegmentation()
        rows = []
        for segment_id in segmentation.GetSegmentIDs():
            segment = segmentation.GetSegment(segment_id)
            row = label_of_tags(tags_of(segment), segment_id)
            rows.append(
                {
                    "id": segment_id,
                    "name": segment.GetName(),
                    "title": told(segment.GetName()),
                    "key": "" if row is None else row.key,
                    "group": "" if row is None else _group(row),
                    "color": "#{:02x}{:02x}{:02x}".format(*(round(255 * channel) for channel in segment.GetColor())),
                    "shown": bool(display.GetSegmentVisibility(segment_id)),
                }
            )
        rows.sort(key=lambda row: row["group"] != "lesions")  # those first, all else in the table's order
        return rows

    def build(self) -> None:
        """Search, groups, list, and what can be done with the chosen one."""
        SegmentsWidgets(self).build()


def _group(row: Label) -> str:
    return next((name for name, groups in SWITCHES.items() if row.group in groups), "")


def _shown_groups(rows: list[dict[str, Any]]) -> dict[str, bool]:
    """The groups of which something is seen."""
    return {name: any(row["shown"] for row in rows if row["group"] == name) for name in SWITCHES}


def _color(row: Label) -> list[float]:
    return [channel / 255 for channel in row.color]
