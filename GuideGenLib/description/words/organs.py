"""Words for the size of organs and for organs that are gone; data only. Same notation as lexicon.py."""

NOUNS: dict[str, tuple[str, ...]] = {
    "liver": ("liver",), "spleen": ("spleen",), "kidney": ("kidney", "kidneys"), "pancreas": ("pancreas",),
    "heart": ("heart", "cardiac silhouette"), "stomach": ("stomach",), "gallbladder": ("gallbladder", "gall bladder"),
    "adrenal": ("adrenal", "adrenals", "adrenal gland", "adrenal glands", "suprarenal gland"),
    "bladder": ("bladder", "urinary bladder"), "prostate": ("prostate", "prostate gland"),
    "uterus": ("uterus", "womb"), "thyroid": ("thyroid", "thyroid gland"),
}  # fmt: skip
"""The words that name an organ itself: "no spleen" is none, "no splenic lesion" is something else."""

SIZES = {
    "atrophic": "atrophic", "atrophied": "atrophic", "shrunken": "atrophic", "severely atrophic": "atrophic",
    "markedly atrophic": "atrophic", "hypoplastic": "small", "contracted": "small", "empty": "small",
    "collapsed": "small", "small sized": "small", "reduced in size": "small", "decreased in size": "small",
    "small in size": "small", "mildly atrophic": "small", "slightly atrophic": "small",
    "normal in size": "normal", "normal sized": "normal", "of normal size": "normal", "normal size": "normal",
    "of normal volume": "normal", "within normal limits in size": "normal", "not enlarged": None, "not atrophic": None,
    "non enlarged": None, "not distended": None,
    "enlarged": "enlarged", "mildly enlarged": "enlarged", "moderately enlarged": "enlarged",
    "slightly enlarged": "enlarged", "borderline enlarged": "enlarged", "markedly enlarged": "enlarged",
    "significantly enlarged": "enlarged", "clearly enlarged": "enlarged", "hypertrophic": "enlarged",
    "hypertrophied": "enlarged", "swollen": "enlarged", "enlarged in size": "enlarged", "large in size": "enlarged",
    "increased in size": "enlarged", "distended": "enlarged", "well distended": "enlarged", "full": "enlarged",
    "dilated": "enlarged",
    "massively enlarged": "massively_enlarged", "grossly enlarged": "massively_enlarged",
    "severely enlarged": "massively_enlarged", "extremely enlarged": "massively_enlarged",
    "hugely enlarged": "massively_enlarged", "very enlarged": "massively_enlarged",
    "enormously enlarged": "massively_enlarged", "massively distended": "massively_enlarged",
    "overdistended": "massively_enlarged", "grossly distended": "massively_enlarged",
}  # fmt: skip
"""Said of an organ beside its noun; elsewhere these words are as if they were in no table. None: nothing is said."""
HOLLOW_ONLY = ("empty", "collapsed", "contracted", "distended", "well distended", "full", "dilated", "overdistended",
               "massively distended", "grossly distended", "not distended")  # fmt: skip
HOLLOW = ("bladder", "stomach", "gallbladder")
OF_LESIONS = {"tiny": "atrophic", "small": "small", "large": "enlarged", "huge": "massively_enlarged"}
"""What the size words of findings say of an organ."""
LENGTHWISE = ("length", "long", "span", "craniocaudal", "craniocaudally", "cc", "longest", "extent")
CRANIOCAUDAL = ("craniocaudal", "craniocaudally", "cc", "span", "cephalocaudal")
MEASURES = (*LENGTHWISE, "size", "sizes", "volume", "diameter", "dimension", "dimensions", "measures", "measuring",
            "measured", "measure", "width", "maximum", "maximal", "sized")  # fmt: skip
"""Words that say that a number is the organ's own."""

GROWTH: dict[str, tuple[str, tuple[str, ...]]] = {
    "hepatomegaly": ("enlarged", ("liver",)), "splenomegaly": ("enlarged", ("spleen",)),
    "hepatosplenomegaly": ("enlarged", ("liver", "spleen")), "cardiomegaly": ("enlarged", ("heart",)),
    "nephromegaly": ("enlarged", ("kidney",)), "prostatomegaly": ("enlarged", ("prostate",)),
    "thyromegaly": ("enlarged", ("thyroid",)), "goiter": ("enlarged", ("thyroid",)),
    "prostatic hyperplasia": ("enlarged", ("prostate",)), "prostatic hypertrophy": ("enlarged", ("prostate",)),
    "benign prostatic hyperplasia": ("enlarged", ("prostate",)), "bph": ("enlarged", ("prostate",)),
    "benign prostatic hypertrophy": ("enlarged", ("prostate",)), "enlargement": ("enlarged", ()),
    "hypertrophy": ("enlarged", ()),
    "atrophy": ("atrophic", ()),
}  # fmt: skip
"""Nouns that say how large an organ is: word -> (size word, organs; none where a place names it)."""
DEGREES = {"massive": "massively_enlarged", "severe": "massively_enlarged", "gross": "massively_enlarged",
           "extreme": "massively_enlarged", "marked": "enlarged", "moderate": "enlarged", "mild": "enlarged",
           "slight": "enlarged"}  # fmt: skip
"""Before a noun of growth."""
KIND_OF_SIZE = {"enlarged": "enlargement", "massively_enlarged": "massive_enlargement"}
SIZE_OF_KIND = {"enlargement": "enlarged", "massive_enlargement": "massively_enlarged", "atrophy": "atrophic"}
"""The kinds of findings that nouns of growth are, and what they say of the organ."""

ECTOMIES = {
    "splenectomy": "spleen", "nephrectomy": "kidney", "nephroureterectomy": "kidney",
    "cholecystectomy": "gallbladder", "hysterectomy": "uterus", "prostatectomy": "prostate",
    "cystectomy": "bladder", "gastrectomy": "stomach", "thyroidectomy": "thyroid", "adrenalectomy": "adrenal",
    "pancreatectomy": "pancreas",
}  # fmt: skip
"""Operations that take an organ out."""
GONE: dict[str, str | None] = {
    "asplenia": "spleen", "asplenic": "spleen", "splenectomized": "spleen", "cholecystectomized": "gallbladder",
    "hysterectomized": "uterus", "nephrectomized": "kidney", "agenesis": None, "aplasia": None,
}  # fmt: skip
WHOLE = ("radical", "total", "complete", "simple", "open", "laparoscopic", "robotic", "total abdominal", "abdominal",
         "vaginal", "donor", "robot assisted", "robotic assisted", "radical retropubic", "prophylactic",
         "surgical", "post")  # fmt: skip
PARTIAL = ("partial", "subtotal", "sub total", "sleeve", "distal", "proximal", "central", "segmental",
           "nephron sparing", "hemi")  # fmt: skip
"""Before the name of an operation: something of the organ is left, so that the organ is there."""
NOT_YET = ("before", "prior to", "planned", "scheduled", "awaiting", "candidate", "candidates", "pre", "evaluation",
           "referred", "considering", "considered", "preoperative", "awaits", "planning", "refused", "declined",
           "scheduled for", "planned for", "candidate for", "evaluation for", "referred for")  # fmt: skip
"""Shortly before the name of an operation: it has not been done."""
REMOVED = (
    "has been removed", "have been removed", "was removed", "were removed", "was surgically removed",
    "was resected", "has been resected", "have been resected", "were resected", "was excised", "removed",
    "surgically removed", "resected", "surgically absent", "surgically resected", "excised", "absent",
    "missing", "not seen", "not present", "not visible", "not visualized", "not identified", "not there",
    "not found", "no longer present", "no longer seen", "been removed",
)  # fmt: skip
"""After the noun of an organ: it is gone."""
TAKEN_OUT = ("removed", "surgically removed", "absent", "missing", "removal of", "after removal of",
             "surgically absent", "excision of", "surgical removal of")  # fmt: skip
"""Before the noun of an organ: it is gone."""
WITHOUT = ("no", "without", "w/o", "lack of", "lacks", "lacking", "absence of", "devoid of", "has no", "had no",
           "have no", "with no")  # fmt: skip
"""Negations that, right before the noun of an organ, say that it is gone."""
ONLY_ONE = ("single", "solitary", "lone")
BARE_MM: dict[str, float] = {
    "liver": 110, "spleen": 70, "kidney": 75, "pancreas": 120, "heart": 100, "stomach": 120, "gallbladder": 60,
    "adrenal": 30, "bladder": 60, "prostate": 28, "uterus": 50, "thyroid": 40,
}  # fmt: skip
"""The least length in mm of "liver 18 cm", where no word says that it is measured; a smaller one is a lesion's."""
