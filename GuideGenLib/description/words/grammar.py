"""Words that join, negate or only fill; data only. Same notation as lexicon.py."""

NEGATIONS = (
    "no", "not", "without", "w/o", "no evidence of", "no evidence for", "no sign of", "no signs of", "absence of",
    "lack of",
    "lacks", "lacking", "free of", "free from", "negative for", "neg for", "rules out", "rule out", "ruling out", "r/o",
    "excludes", "exclude", "excluding", "denies", "never", "nor", "neither", "nil", "doesn", "isn", "aren", "wasn",
    "hasn",
    "don", "didn", "cannot", "can not", "devoid of", "without evidence of", "without any evidence of",
    "without sign of",
    "without signs of", "no radiological evidence of", "no ct evidence of", "no definite", "no convincing evidence of",
    "no indication of", "no suspicion of", "with no", "ruled out for", "not any", "has no", "have no", "shows no",
    "had no",
    "no visible", "no detectable", "no obvious", "no radiographic evidence of", "weren", "haven", "does not have",
    "non",
    "no trace of", "without any", "without any sign of", "no suspicious", "no evident",
)  # fmt: skip
"""Negate what follows."""
NEGATIONS_AFTER = (
    "absent", "ruled out", "excluded", "not seen", "not present", "not identified", "not visible", "not detected",
    "not found",
    "not evident", "not observed", "not noted", "not demonstrated", "not shown", "not appreciated", "not visualized",
    "negative", "none", "not there", "no longer seen", "no longer visible", "no longer present", "not apparent",
    "missing",
    "unlikely", "resolved", "can be ruled out", "been ruled out", "been excluded", "not been found", "not been seen",
    "no longer identified", "not been identified", "none seen", "none found", "none identified", "not been detected",
)  # fmt: skip
"""Negate what stands before."""
PAST = (
    "history of", "h/o", "prior", "previous", "previously treated", "s/p", "status post", "family history of",
    "resected",
    "former", "past history of", "past medical history of", "after resection of", "hx of",
    "personal history of", "after treatment of", "following resection of", "after removal of", "pmh of", "fh of",
    "remote history of", "status post resection of", "s/p resection of", "surgically removed", "in remission",
    "removed", "previously resected", "hemicolectomy for", "colectomy for",
    "lobectomy for", "pneumonectomy for", "hepatectomy for", "resection for",
    "surgery for", "operated for", "removal of",
)  # fmt: skip
"""What follows (or, for one word, directly stands beside) is not in the patient now."""
LINKS = (
    "consistent with", "compatible with", "suspicious for", "concerning for", "suggestive of", "in keeping with",
    "representing",
    "represents", "likely", "presumably", "presenting as", "seen as", "appearing as", "manifesting as", "appears as",
    "namely",
    "corresponding to", "characteristic of", "typical of", "indicative of", "worrisome for", "in the form of",
    "probably",
    "which is", "that is", "most likely", "highly suspicious for", "proven", "described as", "compatible to",
    "presents as",
    "visible as", "manifested as", "manifests as", "likely representing", "most consistent with", "indicating",
    "suggesting",
    "probable", "diagnosed as", "shown as", "confirmed as", "suspicious of", "suspected to be", "interpreted as",
    "pathologically confirmed", "histologically", "known to be", "visualized as", "biopsied as",
)  # fmt: skip
"""The finding after is the finding before under another name."""
RELATIONS = (
    "invading", "invades", "invasion of", "abutting", "abuts", "adjacent to", "next to", "close to", "near",
    "compressing",
    "compresses", "encasing", "encases", "displacing", "displaces", "extending into", "extends into", "extending to",
    "extends to", "extension into", "infiltrating", "infiltrates", "obstructing", "obstructs", "narrowing",
    "contiguous with",
    "in contact with", "contacting", "touching", "involvement of", "invasion into", "occluding", "surrounding",
    "encircling",
    "draining", "separate from", "infiltration of", "growing into", "penetrating", "beside", "medial to", "lateral to",
    "anterior to", "posterior to", "below", "above", "behind", "beneath", "between", "extension to", "with invasion of",
    "with extension into", "breaching", "eroding", "destroying", "reaching", "extending towards", "causing",
    "resulting in",
    "crossing", "extending through", "proximal to", "distal to", "due to", "secondary to", "invasion",
)  # fmt: skip
"""A place after one of these is a neighbour, unless the finding has no place of its own."""
NEARNESS = ("near", "close to", "next to", "adjacent to", "beside", "proximal to", "distal to")
"""A part of the finding's own organ after one of these is where it is."""
MERE_RELATIONS = ("due to", "secondary to", "causing", "resulting in", "between", "above", "below", "reaching")
"""Relations that say nothing by themselves."""
PRESENT = (
    "contain", "harbor", "exhibit", "containing", "harboring", "features",
    "with", "has", "have", "had", "having", "shows", "show", "showing", "reveals", "reveal", "revealing",
    "demonstrates",
    "demonstrating", "exhibits", "there is", "there are", "there was", "contains", "harbors", "presents with",
    "suffers from",
    "suffering from", "displays", "diagnosed with", "bears", "carrying", "featuring", "w/", "found to have", "plus",
    "display",
    "presenting with", "demonstrate", "along with", "together with", "accompanied by", "suffers", "develops", "depicts",
    "depicting", "in combination with", "is found", "one sees", "i see", "we see", "associated with",
    "in a patient with",
    "showed", "revealed", "demonstrated", "affected by", "bearing", "accompanying",
)  # fmt: skip
"""Something is said to be there: ends the reach of a negation."""
BUT = ("but", "however", "although", "though", "while", "whereas", "except", "except for", "apart from", "yet",
    "instead", "only",
       "rather", "besides", "other than", "in contrast", "nevertheless")  # fmt: skip
FROM = ("from", "metastatic from", "secondary to")
PREPOSITIONS = (
    "in", "of", "at", "within", "on", "inside", "involving", "affecting", "around", "arising from", "arising in",
    "arising at",
    "originating from", "originating in", "located in", "located at", "throughout", "to", "for", "by", "across",
    "along",
    "occupying", "centered in", "centered on", "centered at", "situated in", "inside of", "based in", "replacing",
    "in the area of",
    "in the region of", "arising within", "located within", "over", "per", "under", "during", "about", "as", "after",
    "into",
    "originated in", "originated from", "stemming from", "arises from", "arises in", "originates in", "originates from",
)  # fmt: skip
LOOSE_PREPOSITIONS = ("around", "involving", "affecting", "to", "for", "by", "along", "across", "throughout", "over",
    "into",
                      "occupying", "under", "during", "about", "as", "after", "per")  # fmt: skip
VERBS = (
    "is", "are", "was", "were", "be", "been", "being", "measures", "measuring", "measured", "measure", "seen",
    "noted", "found",
    "located", "situated", "lies", "lying", "identified", "visible", "detected", "present", "appears", "remains",
    "described",
    "visualized", "observed", "shown", "diagnosed", "presents", "consists", "occurs", "occupies", "involves", "affects",
    "arises", "sits", "sitting", "imaged", "evident", "depicted", "apparent", "exists", "reported", "scanned",
    "underwent",
    "undergoes", "undergoing", "suspected", "recognized", "demonstrable", "has been", "have been", "had been",
    "can be", "could be", "may be", "appear", "remain", "lie", "occur", "arising",
)  # fmt: skip
ARTICLES = ("a", "an")
DEFINITES = ("the", "this", "that", "these", "those", "its", "said", "it", "which", "they", "whose")
OTHERS = ("another", "additional", "further", "second", "third", "separate", "synchronous", "also", "other",
    "satellite", "new",
          "different", "accessory", "more", "metachronous", "in addition", "additionally", "besides", "too",
          "others")  # fmt: skip
"""The finding is not one that was named before."""
MEMBERS = ("largest", "larger", "biggest", "bigger", "dominant", "smaller", "smallest", "the former", "the latter",
    "index", "first",
           "one of them", "one of which")  # fmt: skip
"""The finding is one of a group that was named before."""
NORMAL = ("normal", "unremarkable", "clear", "intact", "within normal limits", "wnl", "healthy", "spared",
    "without abnormality",
          "normal limits", "without pathology", "without findings", "without pathological findings", "inconspicuous",
          "without abnormalities", "disease free", "no abnormality", "without focal abnormality", "regular", "nad",
          "without any abnormality", "tumor free", "cancer free", "not affected", "not involved",
          "uninvolved")  # fmt: skip
NOT_A_FINDING = ("screening", "survivor", "survivors", "marker", "markers", "risk", "surveillance", "clinic", "center",
                 "awareness", "syndrome", "registry", "study group", "specialist", "unit", "ward")  # fmt: skip
"""After a kind: "lung cancer screening" is no cancer."""
ABBREVIATIONS = ("pt", "dr", "mr", "mrs", "ms", "approx", "ca", "vs", "no", "resp", "seg", "st", "yo", "y", "o", "e",
    "g", "i", "max",
                 "diam", "incl", "dept", "prof", "fig", "nr", "lt", "rt", "abd", "w", "hx")  # fmt: skip
"""A full stop after one of these ends no sentence, unless a capital follows."""

SCAN = (
    "ct", "cts", "scan", "scans", "image", "images", "imaging", "tomography", "computed", "computerized", "tomogram",
    "study",
    "exam", "examination", "ct scan", "cat", "radiology", "radiological", "volume", "radiograph",
)  # fmt: skip
PERSON = (
    "patient", "patients", "person", "people", "adult", "subject", "individual", "case", "pt", "human", "volunteer",
    "years",
    "year", "age", "aged", "sex", "gender", "race", "ethnicity", "ethnic", "body", "habitus",
)  # fmt: skip
FILLERS = (
    "medical", "clinical", "status", "condition", "state", "described", "description", "describes", "can", "could",
    "may",
    "might", "will", "would", "shall", "should", "must", "do", "does", "did", "done", "such", "so", "than", "then",
    "thus",
    "therefore", "since", "because", "if", "when", "where", "who", "whom", "what", "there", "here", "some", "any",
    "each",
    "every", "all", "most", "rather", "quite", "very", "too", "just", "still", "already", "now", "currently", "present",
    "presently", "today", "known", "unknown", "unspecified", "undetermined", "unclear", "unavailable", "available",
    "given",
    "reported", "stated", "specified", "recorded", "documented", "tnm", "ajcc", "uicc", "staging", "stage", "staged",
    "t", "n",
    "m", "category", "classification", "classified", "grade", "group", "edition", "th", "nd", "rd", "size", "sized",
    "sizes",
    "diameter", "diameters", "dimension", "dimensions", "long", "longest", "short", "axis", "axial", "coronal",
    "sagittal",
    "maximum", "maximal", "max", "greatest", "transaxial", "approximately", "approx", "about", "around", "circa",
    "roughly",
    "nearly", "almost", "least", "up", "at", "finding", "findings", "impression", "conclusion", "indication", "report",
    "result", "results", "diagnosis", "diagnoses", "evidence", "sign", "signs", "suspicious", "suspicion", "suspected",
    "possible", "possibly", "potential", "questionable", "apparently", "confirmed", "biopsy", "proven",
    "histologically",
    "pathologically", "newly", "recently", "initially", "primarily", "mainly", "mostly", "main", "malignant",
    "cancerous", "cell", "type", "kind", "sort", "form", "origin", "site", "location", "localized", "localization",
    "located",
    "position", "side", "sides", "sided", "area", "areas", "region", "regions", "part", "parts", "portion", "portions",
    "aspect", "level", "place", "process", "disease", "diseases", "disorder", "abnormality", "abnormalities",
    "pathology",
    "pathologic", "pathological", "problem", "illness", "abnormal", "suffering", "old", "yr", "yrs", "yo", "y", "o",
    "s", "d",
    "ll", "ve", "re", "mm", "cm", "x", "by", "per", "number", "total", "count", "focal", "foci", "organ", "organs",
    "tissue",
    "belongs", "belong", "belonging", "anywhere", "somewhere", "nowhere", "often", "appropriate", "roughly", "say",
    "says",
    "tells", "told", "related", "regarding", "concerns", "respect", "thing", "things", "someone", "somebody",
    "anyone", "way",
    "good", "bad", "best", "right now", "maybe", "perhaps", "slightly", "somewhat", "fairly", "relatively", "mild",
    "mildly",
    "middle of nowhere", "length", "width", "wide", "broad", "deep", "appreciated", "assumed", "believed", "thought",
    "aged",
    "respective", "individually", "separately", "together", "simultaneously", "concurrent", "concurrently",
    "coexisting",
    "appearance", "view", "views", "picture", "pictures", "depiction", "record", "records", "chart", "file", "files",
    "demographic",
    "demographically", "race is", "lives", "living", "being treated", "being", "suspiciously", "located within",
    "seated", "sited",
    "dx", "loc", "dg", "hist", "previously", "formerly", "please", "low dose", "ldct", "millimeter", "millimeters",
    "centimeter", "centimeters", "inches", "generate",
    "create", "make", "draw", "synthesize", "produce", "want", "need", "like", "give", "me", "i", "we",
    "us", "our", "my", "you", "your", "their", "them", "it", "itself", "themselves", "one", "ones", "of", "in", "on",
    "the",
    "as", "well", "and", "or", "etc", "eg", "ie", "e", "g", "seg", "nr", "no", "de", "la", "v", "vs", "per", "via",
    "upon",
    "contrast", "enhanced", "phase", "phases", "acquisition", "acquired", "obtained", "performed", "taken", "series",
    "agent",
    "medium", "material", "administration", "intravenous", "iv", "oral", "protocol", "technique", "using", "use",
    "used",
    "routine", "diagnostic", "standard", "full", "whole", "entire", "complete", "overall", "covering", "coverage",
    "extent",
    "including", "include", "includes", "included", "namely", "weight", "height", "bmi", "index", "mass index", "build",
    "built", "physique", "figure", "constitution", "kg", "tall", "weighing", "weighs", "life", "decade", "early",
    "late",
    "american", "origin", "descent", "background", "heritage", "years", "lady", "unremarkable", "otherwise",
    "remaining",
    "remainder", "rest", "elsewhere", "everything", "anything", "nothing", "something", "else", "none", "both",
    "either",
    "neither", "nor", "same", "similar", "respectively", "follow", "followup", "comparison", "compared", "unchanged",
    "no change", "no significant change", "no interval change", "stable", "name", "id", "mr", "mrs", "ms", "dr", "sir",
    "synthetic", "realistic", "example", "sample", "shown", "consist", "consisting", "composed", "into", "onto",
    "from", "to",
    "for", "during", "under", "over", "after", "before", "until", "through", "throughout", "among", "against", "off",
    "out",
    "am", "isn", "identified", "classed", "rated", "scored", "measurement", "measurements",
    "extends", "spans", "spanning", "across", "these", "those", "only", "own", "presence", "involved", "involvement",
    "concern", "concerning", "seems", "seem", "seeming", "consider", "considered", "called", "termed", "known case",
    "k",
    "reading", "radiologist", "note", "noted", "notes", "even", "yet", "between", "solid", "organ", "let", "show",
    "see",
    "look", "looks", "looking", "get", "got", "lobe", "lobes", "multiple", "thin slice", "adequate", "tumorous",
    "cancer",
    "thereof", "within", "itself", "next", "again", "once", "rule", "been", "bearing", "come", "comes", "came",
    "admitted",
    "presented", "hospital", "department", "referred", "referral", "request", "requested", "history", "evaluate",
    "examined", "exams", "investigated",
    "evaluation", "assess", "assessment", "assessed", "observed", "having", "unit", "st", "et", "al", "versus",
    "nature",
    "extension", "extending", "extended", "lies", "neoplastic", "metastatic", "pt", "ref", "exact", "exactly",
    "precise",
    "precisely", "estimated", "measurable", "target", "baseline", "demographics", "characteristics", "information",
    "data", "details", "detail", "fact", "facts", "clinically", "radiologically", "radiographically", "visibly",
    "clearly",
    "obvious", "obviously", "definite", "definitely", "certain", "certainly", "sure", "real", "really", "actually",
    "generally", "usually", "typically", "typical", "usual", "common", "multi", "non", "sub", "semi", "anatomical",
    "anatomically", "anatomy", "axially", "craniocaudal", "craniocaudally", "transverse diameter", "short axis",
    "ap diameter",
    "anteroposterior", "cc", "tr", "ap", "lat", "slice", "slices", "thickness", "mm slices", "reconstruction",
    "reconstructed",
    "cancer staging", "workup", "work", "restaging", "initial", "current", "particular", "particularly", "significant",
    "significantly", "increased", "decreased", "y/o", "teh", "relevant", "remarkable", "notable", "notably",
    "incidental", "incidentally", "asymptomatic",
)  # fmt: skip
"""Words that carry nothing the Description holds, and that nobody would miss."""
