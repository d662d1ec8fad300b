"""What stands in reports beside patient and findings, by patterns, with the reason why it is left out; data only.

Numbers of these patterns are sizes or counts of no finding. They are tried in order, upper and lower case alike; what a
pattern takes out is its group `out`, where it has one.
"""

import re

SPINE_LEVEL = "a level of the spine"
OF_SPINE = re.compile(
    r"fracture|wedg|collaps|deformit|degenerat|osteophyt|spondyl|\bdis[ck]\b|height loss|loss of height"
)
VERTEBRA = r"(?:t(?:1[0-2]|[5-9])|l[1-5])"
"""T1 to T4 are left to the stages of tumours."""
SPINE_WITHIN = 70
"""What a vertebra has is said within so many characters; its level then is no aside."""
LOBECTOMY_FOR = re.compile(r"(?P<operation>\blobectomy)\s+(?P<for>for|because of|due to)\b", re.IGNORECASE)
_NUMBER = r"\d+(?:[.,]\d+)?"
_SIZE = rf"{_NUMBER}(?:\s?[x×]\s?{_NUMBER}){{0,2}}\s?(?:cm|mm)\b"
_NO_UNIT = r"(?!\s?(?:cm|mm|[.,]\d|\s?[x×]\s?\d))"
_ROMAN = r"(?:iv|i{1,3})"
_MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)(?:uary|ruary|ch|il|e|y|ust|"
    r"tember|ober|ember)?\b\.?"
)
_YEAR = r"(?:19|20)\d\d"
_ON = r"(?:\b(?:on|in|since|from|dated|of|at|until)\s+)?"
_UNITS_OF_TIME = r"(?:months?|weeks?|days?|hours?|minutes?|hrs?|wks?)"
_COUNTED = r"(?:\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|several|few)"
_WHERE = (
    r"(?:right|left|upper|lower|mid|bilateral|abdominal|chest|pelvic|flank|back|epigastric|"
    r"pleuritic|low|quadrant|sided|"
    r"abd|thoracic|lumbar|acute|chronic|severe|mild|diffuse|rlq|ruq|llq|luq|groin|hip|knee|leg|"
    r"arm|shoulder|neck)"
)
_VESSEL = (
    r"(?:mpd|cbd|chd|(?:main\s+)?pancreatic duct|common (?:bile|hepatic) duct|bile ducts?|"
    r"intrahepatic ducts?|"
    r"(?:abdominal\s+|thoracic\s+|ascending\s+|descending\s+)?aorta|aortic root|portal vein|"
    r"splenic vein|ivc|smv|"
    r"(?:main\s+)?pulmonary (?:trunk|artery))"
)
CHANGES = (
    r"chang(?:e|es|ed)|growth|grown|grow|enlargement|increase|increased|decrease|decreased|"
    r"progression|"
    r"progressed|regression|reduction|shrinkage"
)

ASIDES: tuple[tuple[str, str], ...] = (
    (
        "an identifier",
        r"\b(?:mrn|accession|acc|dob|date of birth|ssn|patient id|order id|id no)\b[\s#:.]*(?:no\.?|"
        r"number)?"
        r"[\s#:.]*[\w/.-]*\d[\w/.-]*",
    ),
    (
        "an earlier study",
        r"\b(?:not|nor)\s+(?:present|seen|visible|there|identified|noted|visuali[sz]ed|appreciated|evident)\s+(?:on|in|at)\s+"
        r"(?:the\s+|an?\s+)?(?:(?:prior|previous|earlier|old|last|comparison)\b[a-z -]{0,30}|"
        r"(?:ct|scan|study|mri|pet|examination|exam)\s+(?:of|from|dated)\s+[\w /.-]{2,15})",
    ),
    ("series and image numbers", r"\(\s*\d{1,3}\s*[/:]\s*\d{1,4}\s*\)"),
    (
        "series and image numbers",
        rf"\(?\b(?:(?:series|ser|se|images?|img|im|slices?|frame)\s*(?:no\.?|number|#|"
        rf":)?\s*\d+\b{_NO_UNIT}"
        rf"(?:\s*(?:[-–/]|to|and)\s*\d+\b{_NO_UNIT})?[\s,;/]*)+\)?",
    ),
    (
        "a number of a figure, case or room",
        rf"\b(?:fig(?:ure)?|table|case|example|subject|room|bed|page|version)\.?\s*"
        rf"(?:no\.?|nr\.?|number|id|#|:)?\s*#?\d+\b{_NO_UNIT}",
    ),
    ("a date", rf"{_ON}(?<![\d/.-])\d{{1,2}}[/.-]\d{{1,2}}[/.-](?:{_YEAR}|\d\d)(?![\d/])"),
    ("a date", rf"{_ON}\b{_YEAR}-\d\d-\d\d\b"),
    (
        "a date",
        rf"{_ON}(?:\b\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?:\s*,?\s*{_YEAR}\b)?"
        rf"|\b{_MONTH}\s*\d{{1,2}}(?:st|nd|rd|th)?\b(?!\s?(?:cm|mm))(?:\s*,?\s*{_YEAR}\b)?|"
        rf"\b{_MONTH}\s+{_YEAR}\b)",
    ),
    ("a date", rf"{_ON}\b\d{{1,2}}/{_YEAR}\b"),
    ("a date", rf"{_ON}\b{_YEAR}\b(?!\s?(?:cm|mm|ml|g\b|hu\b))"),
    ("a date", r"\b(?:at\s+)?\d{1,2}:\d\d(?::\d\d)?\s?(?:am|pm|h)?\b"),
    ("a score or category", r"\blr\s?-?\s?(?:[1-5]|m|tiv)\b"),
    ("a score or category", rf"\bbosniak\s*(?:class|category|type)?\s*(?:{_ROMAN}f?|[1-4]f?)\b"),
    ("a score or category", r"\bfleischner(?:\s+(?:category|criteria|guidelines?|society))*\s*\d?\b"),
    ("a score or category", r"\bgleason\s*(?:score|grade|sum|pattern)?\s*:?\s*\d+(?:\s*\+\s*\d)?(?:\s*=\s*\d+)?"),
    ("a score or category", r"\bchild(?:[- ]turcotte)?[- ]pugh\s*(?:class|score)?\s*(?:[a-c]\b\s*\d{0,2}|\d{1,2})"),
    (
        "a score or category",
        r"\b(?:bclc|ecog|okuda|meld|karnofsky|deauville|balthazar|aast|asa|recist|mrecist|agatston|"
        r"nyha|tirads|birads|"
        r"pirads|charlson|glasgow|gcs|apache|balf)\b\s*(?:stage|score|class|grade|ps|performance "
        r"status|version|of|is|:)*\s*"
        rf"(?:\d+(?:\.\d+)?[a-d]?|[a-d]\d?)\b{_NO_UNIT}",
    ),
    (
        "a grade",
        rf"\b(?:(?:fuhrman|who|isup|nuclear|histologic(?:al)?|edmondson|nottingham|tumou?r)\s*/?\s*)+"
        rf"(?:grade|group)\s*(?:group\s*)?:?\s*(?:{_ROMAN}|[1-5])\b{_NO_UNIT}",
    ),
    ("a grade", rf"\b(?:(?:fuhrman|who|isup)\s*/?\s*)+(?:{_ROMAN}|[1-5])\b{_NO_UNIT}"),
    (
        "a grade",
        rf"\bgrade\s*:?\s*(?:{_ROMAN}|[1-5])(?:\s*(?:/|-|of|to)\s*(?:{_ROMAN}|[1-5]))?\b{_NO_UNIT}|"
        rf"(?<![\w-])g[1-4]\b",
    ),
    ("a grade", r"\bdukes?['’]?s?\s*(?:stage\s*)?[a-d]\d?\b"),
    (
        "a type or class",
        rf"(?<![tnm]\s)\b(?:type|class|category|level|pattern|zone|station)\s*:?\s*(?:{_ROMAN}|"
        rf"\d{{1,2}})[a-c]?\b{_NO_UNIT}",
    ),
    ("a score or category", rf"\bscore(?:\s+(?:of|is))?\s*:?\s*{_NUMBER}(?:\s*/\s*\d+)?"),
    (
        "a laboratory value",
        r"\b(?:cea|afp|ca\s?19[-. ]9|ca\s?125|ca\s?15[-. ]3|psa|ldh|crp|creatinine|egfr|gfr|"
        r"ha?emoglobin|hb|hgb|"
        r"wbc|platelets?|bilirubin|inr|alt|ast|albumin|glucose|hba1c|lipase|amylase|tsh|chromogranin)\b"
        rf"(?:\s*(?:levels?|of|is|was|at|elevated|raised|normal|:|=|>|<))*\s*{_NUMBER}"
        r"(?:\s*(?:ng|mg|µg|ug|mmol|µmol|umol|g|k?iu|u|ku|k)\s*/\s*(?:ml|l|dl|min)|\s*%)?",
    ),
    ("uptake of a tracer", rf"\bsuv\s*-?(?:max|mean|peak)?\s*(?:of|is|was|:|=)?\s*{_NUMBER}"),
    (
        "attenuation",
        rf"(?:\bfrom\s+)?[-−]?\b{_NUMBER}\s*(?:hu|hounsfield units?)?(?:\s*(?:-|–|"
        rf"to)\s*[-−]?{_NUMBER})?\s*(?:hu|hounsfield units?)\b",
    ),
    ("contrast medium and its dose", rf"\b{_NUMBER}\s*ml\s*/\s*s(?:ec)?\b"),
    (
        "contrast medium and its dose",
        rf"\b{_NUMBER}\s*(?:ml|cc)\s*(?:of\s+)?(?:iv\s+|intravenous\s+)?(?:iohexol|iopamidol|"
        rf"iodixanol|iomeprol|"
        r"iopromide|omnipaque|ultravist|visipaque|isovue|saline)\b(?:\s*-?\d{2,3}\b)?",
    ),
    (
        "contrast medium and its dose",
        r"\b(?:iohexol|iopamidol|iodixanol|iomeprol|iopromide|omnipaque|ultravist|visipaque|isovue)"
        r"(?:\s*-?\d{2,3}\b)?",
    ),
    (
        "dose",
        rf"\b(?:ctdi\s?(?:vol|w)?|dlp|kvp?|mas)\b\s*(?:of|is|was|:|=)?\s*{_NUMBER}(?:\s*mgy)?"
        rf"(?:\s*[*x·.]?\s*cm)?\b",
    ),
    (
        "dose",
        rf"\b{_NUMBER}\s*(?:mg|mcg|µg|gy|mgy|msv|kvp?|mas?|mci|mbq|iu)\b(?:\s*[*x·.]?\s*cm\b)?"
        rf"(?:\s*/\s*\w+)?"
        r"(?:\s*(?:once|twice|three times)?\s*(?:daily|a day|bid|tid|qd|weekly))?",
    ),
    ("instruments", r"\b\d{1,2}\s*-?\s*(?:gauge|g|french|fr)\s+(?:needle|catheter|drain|sheath|trocar|stent)s?\b"),
    ("tobacco", rf"\b{_NUMBER}\s*-?\s*pack[- ]?years?\b(?:\s+(?:of\s+)?(?:smoking|history))*"),
    ("a share", rf"\b{_NUMBER}(?:\s*(?:-|–|to)\s*{_NUMBER})?\s*(?:%|percent\b|per cent\b)"),
    (
        "a span of time",
        rf"(?:\b(?:for|over|within|after|in|at|past|last|since|every)\s+)?(?:the\s+(?:past|last|"
        rf"next)\s+)?\b{_COUNTED}"
        rf"\s*-?\s*(?:to\s+\d+\s*|-\s*\d+\s*)?{_UNITS_OF_TIME}\b(?!\s*-?\s*(?:old|of age))"
        rf"(?:\s*-?\s*(?:ago|later|earlier|follow[- ]?up|interval))?",
    ),
    (
        "a span of time",
        rf"\b(?:for|over|within|past|last|since|every)\s+(?:the\s+(?:past|last|"
        rf"next)\s+)?{_COUNTED}\s*-?\s*years?\b(?!\s*-?\s*(?:old|of age))",
    ),
    (
        "a span of time",
        rf"\b{_COUNTED}\s*-?\s*(?:years?|yrs?)\b(?=\s*-?\s*(?:ago|later|earlier|after|before|prior|"
        rf"follow|history))"
        r"(?:\s*-?\s*(?:ago|later|earlier|follow[- ]?up))?",
    ),
    (
        "a span of time",
        rf"\b(?:post[- ]?op(?:erative)?\s*)?(?:day|week|month|year|cycle|visit|pod|"
        rf"hour)\s*#?\d+\b{_NO_UNIT}",
    ),
    (
        SPINE_LEVEL,
        r"\b(?:at|to|from)\s+(?:the\s+)?levels?\s+(?:of\s+)?(?:the\s+)?[ctl]\d{1,2}"
        r"(?:\s*[-/–]\s*[ctls]?\d{1,2})?\b",
    ),
    (
        SPINE_LEVEL,
        r"\b[ctls]\d{1,2}(?:\s*[-/–]\s*[ctls]?\d{1,2})?(?=\s*(?:vertebra|level\b|spine\b|body\b|"
        r"endplate))",
    ),
    (
        "signal on MR",
        r"\bt[12]\*?\s*-?\s*(?:weighted|hyper\w*|hypo\w*|iso\w*|signal|bright|dark)\b(?:\s+"
        r"(?:images?|sequences?))?",
    ),
    (
        "how the scan was made",
        rf"\b{_NUMBER}(?:\s?[x×]\s?{_NUMBER}){{0,2}}\s*-?\s*mm\s*-?\s*(?:thick\s+)?(?:slices?|"
        rf"sections?|collimation|reconstructions?|cuts?|"
        r"increments?|reformats?|axial|coronal|sagittal|mprs?|voxels?|isotropic)\b(?:\s+thickness)?",
    ),
    (
        "how the scan was made",
        rf"\b(?:(?:slice|section)\s*thickness|spacing|collimation|voxels?|resolution|increment)\s*"
        rf"(?:of|is|was|:|=|at)*\s*"
        rf"{_NUMBER}(?:\s?[x×]\s?{_NUMBER}){{0,2}}\s*mm\b",
    ),
    (
        "how the scan was made",
        rf"\b(?:images?|slices?|reformats?|reformations?|reconstructions?|mprs?)\s+(?:of|at|with|"
        rf"every)\s+{_NUMBER}\s*mm\b",
    ),
    ("how the scan was made", r"\bthin[- ]sections?\b"),
    (
        "how the scan was made",
        r"\b(?:256|512|1024)\s?[x×]\s?(?:256|512|1024)\b|\b\d{2,3}\s*-?\s*(?:slice|row|detector)\b",
    ),
    ("an earlier size", rf"\b{_SIZE}(?=\s+now\s+(?:measur\w+\s+)?{_NUMBER})|\b{_NUMBER}(?=\s+now\s+{_SIZE})"),
    ("an earlier size", rf"\(\s*(?:was|from)\s+{_SIZE}[^)\n]{{0,20}}\)|(?<=[cm]m),?\s+(?P<out>was\s+{_SIZE})"),
    ("an earlier size", rf"\bto\s+{_SIZE}\s+(?P<out>from\s+{_SIZE})"),
    (
        "an earlier size",
        rf"[(,;]?\s*\b(?:previously|formerly|priorly|prior|baseline|nadir|initially|compared (?:to|"
        rf"with)|versus|vs\.?)"
        rf"(?:\s+(?:measured|measuring|measurement|size|it was|was|of|at))*[:\s]+{_SIZE}"
        rf"(?:\s*,\s*:?\s*{_SIZE})*\)?",
    ),
    (
        "a duct or vessel",
        rf"(?:(?:^|[.,;:]\s*|\band\s+)(?P<out>{_VESSEL}\s*:?\s*{_SIZE}(?!\s*aneurysm))|(?<!\w)"
        rf"(?P<also>(?:the\s+)?{_VESSEL}"
        rf"(?:\s+(?:is|are|was|measures?|measuring|dilated|distended|ectatic|at|to|up|of|diameter|"
        rf"caliber|calibre|in))+\s*:?\s*{_SIZE}))",
    ),
    (
        "a duct or vessel",
        rf"\b(?:ductal\s+)?dilat(?:at)?ion\s+(?P<out>(?:to|of|up to|measuring)\s+(?:up to\s+)?{_SIZE})",
    ),
    ("a symptom", rf"\b(?:{_WHERE}[\s-]+)*(?:pain|tenderness|discomfort|cramps?|ache|numbness|weakness|paresis)\b"),
    (
        "a change over time",
        rf"\b(?:no|without(?: any)?|not)\s+(?:(?:interval|significant|significantly|substantial|"
        rf"substantially|relevant|"
        rf"appreciable|definite|further|longer|obvious|notable|measurable|any|in|size)\s+)*"
        rf"(?:{CHANGES})\b(?!\s+than)"
        r"(?:\s+in(?:\s+(?:the\s+)?size)?)?(?:\s+of)?(?=\W|$)",
    ),
)
ORGAN_OF_SCORE = {"lung": "lung", "li": "liver", "bi": "breast", "pi": "prostate", "ti": "thyroid", "o": "ovary"}
SCORE_OF_ORGAN = re.compile(
    rf"\b(?P<organ>{'|'.join(ORGAN_OF_SCORE)})-?\s?rads\b\s*-?\s*(?:category|score|version|"
    rf":)*\s*(?:[0-6][a-dx]?|m)?\b",
    re.IGNORECASE,
)
"""A score that names its organ: "LI-RADS 5 lesion" is one of the liver."""
SPREAD_WORDS = "what is not invaded"
SPREAD = re.compile(
    r"\b(?:(?:with|and|but)\s+)?(?:no|without(?: any)?)\s+(?:evidence of\s+|signs? of\s+)?"
    r"(?P<between>(?:[a-z-]+\s+){0,4}?)"
    r"(?:invasion|infiltration|involvement|extension|destruction|encasement|ingrowth|breach)\b"
    r"(?P<tail>[^\S\n]+(?:of|into|to)(?:[^\S\n]+(?!(?:and|with|but|which|is|or|measuring|size|in)\b)[a-z-]+){1,5})?",
    re.IGNORECASE,
)
"""What a tumour does not do to its neighbours says nothing of the tumour; `between` may name no finding."""

_AXIS = (
    r"(?:ap|a\.p\.|anteroposterior|antero-posterior|transverse|tr|cc|craniocaudal|cranio-caudal|sagittal|axial|coronal|"
    r"width|length|height|depth|long axis|short axis)"
)
_ALONG = (
    rf"{_NUMBER}\s?(?:cm|mm)\s*(?:\(\s*|in\s+(?:the\s+)?)?{_AXIS}"
    r"(?:\s+(?:dimension|diameter|direction|axis|plane)s?)?\s*\)?"
)
DIAMETERS = re.compile(rf"{_ALONG}(?:\s*(?:,|x|×|by|and)*\s*{_ALONG})+", re.IGNORECASE)
"""Diameters of one thing, each with its axis."""
LENGTH = re.compile(r"(?P<number>\d+(?:[.,]\d+)?)\s?(?P<unit>cm|mm)\b", re.IGNORECASE)
OTHER_DIAMETER = "a shorter diameter"
