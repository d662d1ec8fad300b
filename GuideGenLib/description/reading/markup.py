"""Texts of machines and editors made plain: HTML, XML, JSON, key and value, tables, lists, ticked boxes, dictation.

What only marks something up is taken away, what says where something ends becomes a full stop or a comma.
"""

import re

from GuideGenLib.description.reading.rewriting import Draft, Piece

_TAG = re.compile(
    r"<(?P<close>/?)(?P<name>[A-Za-z][\w:-]*)(?P<attributes>(?:\s+[\w:-]+\s*=\s*(?:\"[^\"]*\"|"
    r"'[^']*'))*)\s*/?>"
)
_ATTRIBUTE = re.compile(r"(?P<name>[\w:-]+)\s*=\s*[\"'](?P<value>[^\"']*)[\"']")
_ATTRIBUTES = ("age", "sex", "gender", "organ", "site", "location", "side", "size", "kind", "finding", "stage", "text")
_INLINE = ("b", "i", "u", "em", "strong", "span", "font", "a", "sup", "sub", "small", "mark")
_CELLS = ("td", "th")
_ENTITY = re.compile(r"&(?P<name>nbsp|lt|gt|amp|quot|apos|#\d+);")
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&"}
_JSON = re.compile(r"\s*[{\[].*[\"']\s*:.*[}\]]\s*", re.DOTALL)
_JSON_MARKS = re.compile(r"[{}\[\]\"]")
_UNIT_IN_KEY = re.compile(
    r"(?<=[a-z])_(?P<unit>mm|cm|ml)(?P<quote>[\"']?\s*[:=]\s*[\"']?)(?P<number>\d+(?:\.\d+)?)", re.IGNORECASE
)
_KEY = re.compile(
    r"\b(?P<owner>patient|tumou?r|lesion|mass|nodule|finding)_(?P<rest>[a-z_]+)(?=[\"']?\s*[:=])", re.IGNORECASE
)
_UNDERSCORE = re.compile(r"(?<=[A-Za-z0-9])_(?=[A-Za-z0-9])")
_PAIRS = re.compile(r"(?<=\w)=(?=\w)")
_RULE = re.compile(r"^[ \t]*(?:\|?[ \t]*:?-{2,}:?[ \t]*)+\|?[ \t]*$|^[-=_*]{3,}$", re.MULTILINE)
_ROW = re.compile(r"^[ \t]*\|?(?P<cells>[^|\n]*(?:\|[^|\n]*)+?)\|?[ \t]*$", re.MULTILINE)
_TABS = re.compile(r"(?<=\S)\t+(?=\S)")
_OPEN_BOX = re.compile(r"^.*?(?P<box>\[ ?\]|☐|□)[^\n]*", re.MULTILINE)
_TICKED = re.compile(r"\[[xX✓✔]\]|☒|☑|✓|✔")
_LIST_MARK = re.compile(r"^[ \t]*(?:\(?(?:\d{1,2}|[a-h])[.)](?=\s)|[-*•–](?=\s))", re.MULTILINE)
_UNIT_STOP = re.compile(r"(?<=\d)(?P<unit>\s?(?:cm|mm))\.(?=\s*[a-z])")
_GLUED = re.compile(r"(?<=[A-Za-z]{3})\.(?=[A-Z0-9])")
_DICTATED = re.compile(
    r"\b(?P<stop>period|full stop|next paragraph|new paragraph|new line|next line)(?![\w-])", re.IGNORECASE
)
_ARROW = re.compile(r"\s*(?:-+>|→|⇒|=>)\s*")
_QUESTION = re.compile(
    r"(?:^|(?<=[.;!?\n]))\s*(?!(?:can|could|would|will|please|may|do|does|what|how|where|generate|show|query)\b)"
    r"(?P<asked>[a-z][^.;!?\n]{2,80})\?(?=\s|$)",
    re.IGNORECASE,
)
_ASKED = re.compile(r"(?:^|(?<=[\s(,;:]))\?+\s*(?=[A-Za-z])")


def make_plain(draft: Draft) -> None:
    """Rewrite a text of any form as lines and sentences."""
    draft.replace(re.compile(r"\r"), " ")
    _open_boxes(draft)
    if "<" in draft.text:
        draft.rewrite(_TAG, lambda match: _tag(draft, match))
    if "&" in draft.text:
        draft.replace(_ENTITY, lambda match: _ENTITIES.get(match["name"], " "))
    _keys(draft)
    if "|" in draft.text:
        draft.replace(_RULE, " ")
        draft.rewrite(_ROW, _row)
    draft.replace(_TABS, ", ")
    for match in list(_LIST_MARK.finditer(draft.text)):
        draft.take_out(*match.span(), "a list number")
        draft.text = draft.text[: match.start()] + "." + draft.text[match.start() + 1 :]
    draft.replace(_UNIT_STOP, lambda match: match["unit"])
    draft.replace(_GLUED, ". ")
    if "." not in draft.text and len(_DICTATED.findall(draft.text)) > 1:
        for match in list(_DICTATED.finditer(draft.text))[::-1]:
            draft.take_out(*match.span(), "dictated punctuation")
            draft.text = draft.text[: match.start()] + "." + draft.text[match.start() + 1 :]
    draft.replace(_ARROW, " now ")
    draft.replace(_ASKED, "query ")
    draft.rewrite(_QUESTION, _question)


def _question(match: re.Match[str]) -> list[Piece]:
    """ "Lung mass?" asks; "Could you draw a lung mass?" does not ask whether there is one."""
    start, end = match.span("asked")
    return [("query ", start, start + 1), (match["asked"], start, end), ("?", end, end + 1)]


def _open_boxes(draft: Draft) -> None:
    """A line whose box is not ticked says nothing of the patient."""
    for match in _OPEN_BOX.finditer(draft.text):
        if not _TICKED.search(match[0]):
            draft.take_out(*match.span(), "a box that is not ticked")
    draft.replace(_TICKED, ".")


def _tag(draft: Draft, match: re.Match[str]) -> list[Piece]:
    """A tag as the punctuation that it is, with the attributes that speak of a patient."""
    name = match["name"].lower()
    mark = " " if name in _INLINE else ", " if name in _CELLS else ". "
    pieces: list[Piece] = [(mark, match.start(), match.end())]
    for one in _ATTRIBUTE.finditer(match["attributes"] or ""):
        if one["name"].lower() in _ATTRIBUTES:
            at = match.start("attributes")
            pieces.append((one["name"], at + one.start("name"), at + one.end("name")))
            pieces.append((": ", at + one.end("name"), at + one.start("value")))
            pieces.append((one["value"], at + one.start("value"), at + one.end("value")))
            pieces.append((", ", at + one.end("value"), at + one.end()))
    return pieces


def _keys(draft: Draft) -> None:
    """`"size_mm": 23` as "size : 23 mm"; a second `tumor_` tells more of the first."""
    json = _JSON.fullmatch(draft.text) is not None
    if not json and "_" not in draft.text and "=" not in draft.text:
        return
    draft.rewrite(
        _UNIT_IN_KEY,
        lambda match: [
            (match["quote"], *match.span("quote")),
            (match["number"], *match.span("number")),
            (" " + match["unit"], match.end() - 1, match.end()),
        ],
    )
    told: set[str] = set()

    def key(match: re.Match[str]) -> list[Piece]:
        owner = match["owner"].lower()
        again = owner in told or owner in ("patient", "finding")
        told.add(owner)
        return [("" if again else match["owner"] + " ", *match.span("owner")), (match["rest"], *match.span("rest"))]

    draft.rewrite(_KEY, key)
    draft.replace(_UNDERSCORE, " ")
    if json:
        draft.replace(_JSON_MARKS, " ")
    if len(_PAIRS.findall(draft.text)) > 1:
        draft.replace(re.compile(";"), ",")
    draft.replace(_PAIRS, ": ")


def _row(match: re.Match[str]) -> list[Piece]:
    """A row of a table as a sentence: what its first cell names, then what is said of it."""
    pieces: list[Piece] = []
    position = match.start("cells")
    for number, cell in enumerate(match["cells"].split("|")):
        if number:
            pieces.append((": " if number == 1 else ", ", position - 1, position))
        pieces.append((cell, position, position + len(cell)))
        position += len(cell) + 1
    return [*pieces, (".", match.end() - 1, match.end())]
