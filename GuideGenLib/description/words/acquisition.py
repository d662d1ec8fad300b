"""How a text says how the scan was taken, by patterns on its lower case; data only.

Of each pattern the group `out` is what says it (the whole match where it has none); group `value` is a number, group
`unit` cm where it is not mm, group `no` turns yes into no.
"""

_NUMBER = r"\d+(?:[.,]\d+)?"
_MM = r"(?:mm|millimet(?:er|re)s?)"
_ALONE = r"(?<![\w.,×])(?<![x×]\s)"
"""Before a number that is not the second of "5 x 3"."""
_IS = r"(?:\s*(?:of|is|was|at|:|=))*\s*"
_NO_INTERVAL = r"(?!\s*(?:intervals?|increments?|spacing|apart|[x×]))"
_CODE = r"(?:(?:b[rlv]?|h[rf]|i|qr)\s?{numbers}[a-z]?)\b"
"""Of the kernels of Siemens: the higher the number, the sharper."""
_KERNEL = r"(?:[\s-]+(?:reconstruction|convolution))?[\s-]+(?:kernels?|algorithms?|filters?)"


def _kernel(words: str, code: str, alone: str) -> tuple[str, ...]:
    """By its name, by a code beside the word kernel, and by a code that nothing else looks like."""
    code = _CODE.replace("{numbers}", code)
    named = rf"\b(?:{words}){_KERNEL}(?:\s*\(?\s*{code}\)?)?"
    return named, rf"\b(?:kernel|algorithm|filter){_IS}\(?{code}|\b{code}\s+kernel", rf"\b(?:{alone})\b"


_ORAL = r"(?:oral|enteric|enteral|p\.?o\.?)"
_MEDIUM = r"contrast(?:\s+(?:medium|media|agent|material))?"
_GIVEN = r"(?:\s+(?:(?:was|were|has been|is)\s+)?(?:given|administered|used|taken))?"
_NOT = (
    r"(?:no|without|w/o|free of|free from|absence of)(?:\s+(?:any|significant|relevant|visible|the|a|of|evidence))*\s+"
)
_VEIN = r"(?:iv|i\.v\.|intravenous)"

_STREAKS = (
    r"(?:(?:metal(?:lic)?|beam[- ]hardening|streak(?:ing)?|susceptibility)\s+)*(?:artefacts?|artifacts?|streaks?)"
)
_FROM = rf"(?:{_STREAKS}\s+(?:from|of|due to|caused by|by|around)\s+(?:an?\s+|the\s+)?(?:metal(?:lic)?\s+)?)?"
_NO_DRUG = r"(?!\s+(?:aspirin|chemo\w*|radio\w*|radiation|steroids?|cortico\w*|predniso\w*|heparin|methotrexate|brachy\w*|ritux\w*|interferon))"  # fmt: skip  # noqa: E501
_BREATHING = (
    r"(?:(?:marked|severe|mild|minor|slight|some|moderate|extensive)\s+)?"
    r"(?:(?:respiratory|breathing|patient|cardiac)\s+)?"
)

PATTERNS: tuple[tuple[str, str | bool | None, tuple[str, ...]], ...] = (
    (
        "slice_mm", None,
        (
            rf"\b(?:slice|section)[\s-]*thickness(?:es)?{_IS}(?P<value>{_NUMBER})\s*-?\s*{_MM}\b",
            rf"{_ALONE}(?P<value>{_NUMBER})\s*-?\s*{_MM}\s*-?\s*(?:thick\s*-?\s*)?(?:axial\s+|transverse\s+)?"
            r"(?:slices?|sections?|cuts)\b(?:\s+thickness)?",
            rf"{_ALONE}(?P<value>{_NUMBER})\s*-?\s*{_MM}\s*-?\s*collimation\b",
            rf"\bcollimation{_IS}(?P<value>{_NUMBER})\s*{_MM}\b{_NO_INTERVAL}",
            rf"(?<!coronal )(?<!sagittal )\b(?:(?:axial|transverse)\s+)?(?:images?|slices?|sections?|"
            r"reconstructions?)\s+"
            rf"(?:of|at|with)\s+(?P<value>{_NUMBER})\s*-?\s*{_MM}\b(?:\s+(?:slice\s+)?thickness)?{_NO_INTERVAL}",
            rf"\breconstructed\s+(?:at|with|to|in)\s+(?P<value>{_NUMBER})\s*{_MM}\b{_NO_INTERVAL}",
            rf"\b(?:an?|the|as)\s+(?P<out>(?P<value>{_NUMBER})\s*-?\s*{_MM}\s+)"
            r"(?=(?:(?:ultra[\s-])?(?:low|reduced|standard|high)[\s-]dose\s+)?(?:scan|ct)\b(?!-))",
        ),
    ),
    ("kernel", "sharp", _kernel(
        r"lung|bone|sharp|hard|edge[\s-]enhancing|high[\s-](?:spatial[\s-])?(?:resolution|frequency)",
        "[5-9][0-9]", r"b[5-9]\d[fsh]|fc\s?[358]\d|bone\s?plus",
    )),
    ("kernel", "standard", _kernel(
        r"(?:standard|body|mediastinal|abdominal|medium(?:[\s-](?:smooth|sharp))?|soft[\s-]tissue)(?:\s+tissue)?",
        "(?:3[5-9]|4[0-9])", r"b(?:3[5-9]|4\d)[fsh]|fc\s?[01]\d",
    )),
    ("kernel", "soft", _kernel(r"soft|smooth(?:ing)?|very smooth", "(?:[12][0-9]|3[0-4])", r"b(?:[12]\d|3[0-4])[fsh]")),
    ("dose", "low", (
        rf"\b(?:ultra[\s-]*low|very[\s-]low|low|reduced|half)[\s-]dose\b{_NO_DRUG}(?:\s+(?:technique|protocol))?",
        r"\b(?:ld|uld)ct\b", r"\bdose[\s-]reduced\b",
    )),
    ("dose", "standard", (
        rf"\b(?:standard|normal|full|regular|routine)[\s-]dose\b{_NO_DRUG}(?:\s+(?:technique|protocol))?",)),
    ("dose", "high", (rf"\bhigh[\s-]dose\b{_NO_DRUG}(?:\s+(?:technique|protocol))?",)),
    ("dose", None, (rf"\bctdi\s?(?:vol|w)?{_IS}(?P<value>{_NUMBER})\s*mgy\b(?!\s*[*x·.]?\s*cm)",)),
    ("oral_contrast", False, (
        rf"\b(?:no|without|w/o)\s+(?:any\s+|positive\s+)?{_ORAL}\s+{_MEDIUM}{_GIVEN}",
        rf"\b{_ORAL}\s+{_MEDIUM}\s+(?:was|were|has been|is)\s+not\s+(?:given|administered|used|taken)",
        rf"\b(?:no|without|w/o)\s+(?P<out>{_ORAL}\s*(?:or|and|nor|/)\s*)(?={_VEIN}\s+contrast)",
        rf"\b(?:no|without|w/o)\s+{_VEIN}\s*(?P<out>(?:or|and|nor|/)\s*{_ORAL}\s+)(?=contrast)",
    )),
    ("oral_contrast", True, (
        rf"\b(?P<out>{_ORAL}\s*(?:and|&|/|\+|plus)\s*)(?={_VEIN}\s+contrast)",
        rf"\b{_VEIN}\s*(?P<out>(?:and|&|/|\+|plus)\s*{_ORAL}\s+)(?=contrast)",
        rf"\b(?:(?:with|after|following)\s+)?(?:the\s+)?(?:positive\s+|water[\s-]soluble\s+|dilute\s+)?{_ORAL}\s+{_MEDIUM}{_GIVEN}",
    )),
    ("table", True, (
        rf"(?P<no>\b{_NOT})?\b(?:ct|patient|scanner|examination)\s+(?:table|couch)\b"
        r"(?:\s+(?:is\s+)?(?:visible|shown|seen|below|under)(?:\s+the\s+patient)?)?",
        r"\b(?:with\s+|(?P<no>without\s+|no\s+))(?:the\s+|a\s+)?(?:table|couch)\b(?!\s*\d)"
        r"(?:\s+(?:visible|shown|seen|below|under)(?:\s+the\s+patient)?)?",
    )),
    ("motion", True, (
        rf"(?P<no>\b{_NOT})?\b{_BREATHING}(?:motion|movement|breathing|respiratory)[\s-]"
        r"(?:related\s+)?(?:artefacts?|artifacts?|blur(?:ring)?|degradation|degraded)\b",
        r"\b(?:degraded|blurred|limited|impaired)\s+by\s+(?:(?:respiratory|patient|breathing)\s+)?"
        r"(?:motion|movement|breathing)\b(?:\s+(?:artefacts?|artifacts?))?",
    )),
    ("metal", "spine", (
        rf"(?P<no>\b{_NOT})?{_FROM}\b(?:(?:pedicle|spinal|vertebral|lumbar|posterior)\s+)+"
        r"(?:screws?(?:\s+and\s+rods?)?|rods?|hardware|instrumentation|fixation|implants?)\b"
        r"(?:\s+(?:in|of|at)\s+(?:the\s+)?(?:lumbar\s+|thoracolumbar\s+)?spine)?",
        rf"(?P<no>\b{_NOT})?{_FROM}\bspondylodesis\b",
    )),
    ("metal", None, (
        rf"(?P<no>\b{_NOT})?\b(?:metal(?:lic)?|streak(?:ing)?|beam[- ]hardening)\s+(?:streak\s+)?"
        r"(?:artefacts?|artifacts?)\b",
    )),
    ("field_of_view_mm", None, (
        rf"\b(?:field[\s-]of[\s-]view|d?fov){_IS}(?P<value>{_NUMBER})\s*(?P<unit>mm|cm)\b",
        rf"{_ALONE}(?P<value>{_NUMBER})\s*(?P<unit>mm|cm)\s+(?:field[\s-]of[\s-]view|d?fov)\b",
    )),
)  # fmt: skip
"""Field of the acquisition, what the words say of it (None: their number does), and the patterns, tried in order."""
SPOKEN_OF = r"\b(?:recommend\w*|suggest\w*|advis\w*|should|compar\w*|prior|previous\w*|earlier|planned|schedule\w*)\b"
"""Before such words in their sentence: of another scan than this one."""
LOW_MGY, HIGH_MGY = 3.0, 20.0
"""CTDIvol up to which a scan is one of low dose (what the ACR allows for screening of the lungs), and from which it is
one of a high one (national reference levels for the trunk lie at 9 to 16)."""
NO_PLACE = "metal of which no place is told"
TIMING = (
    r"(?:\b(?:at|with|after|using)\s+)?(?:an?\s+)?"
    r"\b(?P<time>\d+)\s*-?\s*(?P<unit>s|secs?|seconds?|mins?|minutes?)\b\.?[\s-]*"
    r"(?:(?:scan\s+)?delay\b|(?:after|post|following)[\s-]+(?:the\s+)?(?:start\s+of\s+)?"
    r"(?:(?:iv|intravenous|contrast|bolus)\s+)*(?:injection|administration|contrast|bolus)"
    r"(?:\s+of\s+(?:iv\s+|intravenous\s+)?contrast(?:\s+(?:medium|media|agent|material))?)?)"
    r"|\b(?:scan(?:ning)?\s+)?delay(?:\s*(?:of|is|was|:|=))*\s*(?P<later>\d+)\s*-?\s*(?P<of>s|secs?|seconds?|mins?|minutes?)\b"
)
"""When it was scanned after the contrast was injected."""
PHASES_BY_SECONDS = ((45.0, "arterial phase"), (120.0, "portal venous phase"), (float("inf"), "delayed phase"))
"""Until when a phase lasts (liver: late arterial 35 s, portal venous 60 to 80 s; Fleischmann and Kamaya, Radiol Clin
North Am 2009;47:13)."""
