"""What is said of a scan to the CT networks: plain sentences of its phase and whom it shows, as their training had.

They learned from so few scans that a text of another kind picks the noise of one of them at random.
"""

PHASE_WORDS = {
    "none": ("non-contrast CT", "unenhanced CT", "CT without contrast"),
    "arterial": ("arterial phase CT", "CT in the arterial phase", "contrast-enhanced CT, arterial phase"),
    "portal_venous": ("portal venous phase CT", "CT in the portal venous phase", "contrast-enhanced CT"),
    "delayed": ("delayed phase CT", "CT in the delayed phase", "late phase contrast CT"),
}
UNKNOWN_PHASE = ("CT of the torso", "medical CT scan")
ENDS = {"male": (" of a man", ", male patient"), "female": (" of a woman", ", female patient")}


def scan_sentences(phase: str | None, sex: str | None, age: float | None) -> list[str]:
    """All ways of saying it, the plainest first of those that name the sex."""
    told = "" if age is None else f", {age:.0f} years old"
    scans = PHASE_WORDS[phase] if phase else UNKNOWN_PHASE
    ends = ("", *ENDS.get(sex or "", ()))
    return [f"{scan[0].upper()}{scan[1:]}{end}{told}." for scan in scans for end in ends]


def scan_sentence(sex: str | None, phase: str) -> str:
    """One of them for a patient who is scanned in a phase; the age acts on the HU by rule."""
    return scan_sentences(phase, sex, None)[min(1, len(ENDS.get(sex or "", ())))]
