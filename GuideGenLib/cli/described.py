"""What was understood of a text, in a terminal: the text with its words coloured and marked, and a table below it."""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from GuideGenLib.description import Description
from GuideGenLib.description.acquisition import HOME
from GuideGenLib.description.corrections import finding_keys
from GuideGenLib.description.fields import shown
from GuideGenLib.description.understanding import Understanding
from GuideGenLib.workflow.painted import Piece, legend, paint, word_sum
from GuideGenLib.workflow.roles import LOOKS, Look
from GuideGenLib.workflow.understood import Row, groups, notes, titled

WIDTH = 100
"""Of what is written into a file, characters; on a terminal, its own."""


def show_description(description: Description) -> None:
    """The text of a description and its table on stdout, with what has no effect and the warnings."""
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDTH
    understanding = Understanding(description, finding_keys(description))
    pieces = paint(description)
    if description.text.strip():
        console.print(painted(pieces), end="\n\n")
        console.print(Text("   ").join(marked(look, look.title) for look in legend(pieces)))
        console.print(word_sum(pieces))
    console.print(table(understanding))
    for note in notes(understanding, description.text):
        console.print(printable(note))


def painted(pieces: Sequence[Piece]) -> Text:
    """The text, each piece that came to something in brackets with the mark of its role: "[D 30 mm]"."""
    text = Text()
    for piece in pieces:
        look = piece.look
        text.append_text(Text(printable(piece.text)) if look is None else marked(look, piece.text))
    return text


def marked(look: Look, words: str) -> Text:
    """Words in the colours of a role, with its mark."""
    return Text(f"[{look.mark} {printable(words)}]", f"{look.ink} on {look.paper}")


def table(understanding: Understanding) -> Table:
    """Every field that is known, and of the patient the unknown ones too; in the order of the panels."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title_justify="left")
    for column in ("field", "value", "from the words"):
        made.add_column(column, overflow="fold")
    for group in groups(understanding, ""):
        look = LOOKS.get(group.role)
        rows = [row for row in group.rows if row.value not in (None, ()) or row.source or _is_patients(row)]
        if group.rows and not rows:
            continue
        made.add_row()
        title = group.title if look is None else marked(look, group.title)
        made.add_row(title, printable(group.what), group.outcome)
        for row in rows:
            made.add_row(f"  {titled(row.of, row.field.title)}", printable(shown(row.value)), printable(row.source))
    return made


def _is_patients(row: Row) -> bool:
    return not row.key and not row.field.name.startswith(HOME)


def printable(text: str) -> str:
    """Text without the characters that would move a terminal's cursor or change its colours."""
    lines = text.replace("\r\n", "\n")
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in lines)
