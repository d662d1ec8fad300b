"""Texts in the manner of reports, put together at random, with the words in them that must not get lost."""

from dataclasses import dataclass

from hypothesis import strategies as st

KINDS = ("mass", "tumor", "nodule", "lesion", "metastasis", "cyst", "hemangioma", "effusion", "masses", "metastases")
PLACES = (
    "left upper lobe", "RLL", "right lung", "lingula", "left kidney", "upper pole of the right kidney", "liver",
    "segment VI", "liver segment 4a", "left hepatic lobe", "head of the pancreas", "uncinate process", "sigmoid colon",
    "rectum", "hepatic flexure", "spleen", "left adrenal gland", "stomach", "pleura",
)  # fmt: skip
SIZES = (
    "3 cm", "12 mm", "2,5 cm", "4.2 x 3.1 cm", "5 x 4 x 3 cm", "1.2 to 1.8 cm", "< 1 cm", "up to 22 mm", "2½ cm",
    "1 inch", "three centimeters", "small", "huge", "7 mm (previously 5 mm)",
)  # fmt: skip
SAID = (
    ("There is a", ""), ("No", ""), ("No evidence of", ""), ("Possible", ""), ("Cannot exclude a", ""), ("Known", ""),
    ("History of", ""), ("Rule out", ""), ("Mother had a", ""), ("New", ""), ("", "has resolved"), ("", "is not seen"),
    ("", "cannot be excluded"), ("", "was resected"), ("", "is stable"), ("Interval resolution of the", ""),
    ("If the", "grows, biopsy"), ("Two", ""), ("3", ""), ("Multiple", ""), ("No change in the", ""),
    ("", "abutting the aorta"),
    ("", "without invasion of the chest wall"), ("", "2 cm from the hilum"), ("?", ""),
)  # fmt: skip
ASIDES = (
    "LI-RADS 4", "Fuhrman grade 2", "CEA 55 ng/ml", "SUVmax 8.1", "series 3 image 12", "12/05/2022", "45 HU", "60%",
    "40 pack-years", "5 mm slice thickness", "at the level of T10", "creatinine 1.1", "zorblax", "quimblish frobs",
    "left upper quadrant pain", "T2N1M0", "stage IIB", "spleen 13 cm", "the aorta measures 32 mm", "two weeks ago",
)  # fmt: skip
PATIENTS = (
    "67-year-old man", "45F", "A woman of 58", "Pt is a 71 yo M", "obese patient", "age: 50, sex: F", "elderly lady",
    "white male", "CT chest with contrast", "CT abdomen and pelvis, portal venous phase", "without contrast",
)  # fmt: skip
HEADINGS = (
    "INDICATION:",
    "HISTORY:",
    "COMPARISON:",
    "TECHNIQUE:",
    "FINDINGS:",
    "IMPRESSION:",
    "Recommendation:",
    "Lungs:",
    "",
)
JOINTS = (". ", "; ", ", ", " and ", "\n", ".\n- ", "\r\n", ".\n2. ", " but ", ": ", "\n\n")
JOINING = frozenset((
    "there", "is", "a", "an", "the", "of", "in", "to", "no", "not", "and", "but", "or", "with", "at", "up", "from",
    "by", "x", "has", "have", "been", "was", "were", "had", "be", "evidence", "new", "stable", "seen", "pt", "yo",
    "patient", "man", "lady", "old", "year", "if", "known", "measures", "measuring", "two", "ago", "ct", "change",
    "phase", "age", "sex", "cannot",
))  # fmt: skip
"""Words of these pieces that only join others, or that belong to a field which another word of theirs quotes."""


@dataclass(frozen=True)
class Combined:
    """text, and the words of its pieces that carry something."""

    text: str
    content: tuple[str, ...]


@st.composite
def sentences(draw: st.DrawFn) -> tuple[str, list[str]]:
    """One piece of a report and its pieces."""
    choice = draw(st.integers(0, 9))
    if choice == 0:
        piece = draw(st.sampled_from(PATIENTS))
        return piece, [piece]
    if choice == 1:
        piece = draw(st.sampled_from(ASIDES))
        return piece, [piece]
    before, behind = draw(st.sampled_from(SAID))
    kind, place, size = draw(st.sampled_from(KINDS)), draw(st.sampled_from(PLACES)), draw(st.sampled_from(SIZES))
    aside = draw(st.sampled_from(ASIDES)) if draw(st.booleans()) else ""
    orders = (
        f"{before} {size} {kind} in the {place} {behind}", f"{place}: {before} {kind}, {size}, {behind}",
        f"{before} {kind} of the {place} measuring {size} {behind} {aside}",
        f"{aside} {before} {kind} {place} {size} {behind}",
        f"{before} {kind} ({size}, {place}) {behind}",
    )  # fmt: skip
    text = " ".join(draw(st.sampled_from(orders)).split())
    return text, [kind, place, size, *([aside] if aside and aside in text else [])]


@st.composite
def combined_texts(draw: st.DrawFn) -> Combined:
    """Up to eight pieces with headings and joints between them, some of the whole in capitals or in tags."""
    text, content = "", list[str]()
    for _ in range(draw(st.integers(1, 8))):
        said, words = draw(sentences())
        heading = draw(st.sampled_from(HEADINGS)) if draw(st.integers(0, 3)) == 0 else ""
        joint = draw(st.sampled_from(JOINTS)) if text else ""
        text += (".\n" if heading and text else joint) + (f"{heading} " if heading else "") + said
        content += words
    form = draw(st.integers(0, 7))
    if form == 0:
        return Combined(text.upper(), tuple(words.upper() for words in content))
    return Combined(f"<p>{text}</p>" if form == 1 and "<" not in text else text, tuple(content))
