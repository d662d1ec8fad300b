"""Headings of radiology reports and what stands below them; data only."""

HEADINGS: dict[str, tuple[str, ...]] = {
    "indication": (
        "indication", "indications", "clinical indication", "reason for exam", "reason for examination",
        "reason for study", "reason for the study", "reason for scan", "reason for ct", "reason", "question",
        "clinical question", "query", "request", "referral", "reason for referral",
    ),
    "history": (
        "history", "clinical history", "past medical history", "medical history", "past history", "pmh", "pmhx",
        "surgical history", "past surgical history", "oncologic history", "oncological history", "prior history",
    ),
    "patient": (
        "clinical information", "clinical data", "clinical details", "clinical context", "patient", "demographics",
    ),
    "family": ("family history", "fh", "fhx", "family hx"),
    "comparison": (
        "comparison", "comparisons", "comparison study", "comparison studies", "compared to", "prior studies",
        "prior study", "prior exams", "prior examinations", "previous studies", "previous examinations",
        "relevant priors", "priors",
    ),
    "technique": (
        "technique", "procedure", "protocol", "method", "methods", "scan protocol", "scan technique", "acquisition",
        "ct technique", "imaging technique", "exam technique",
    ),
    "findings": (
        "findings", "finding", "observations", "result", "results", "report", "description", "body of report",
        "addendum", "exam", "examination", "study",
    ),
    "impression": (
        "impression", "impressions", "conclusion", "conclusions", "summary", "assessment", "opinion", "interpretation",
        "diagnosis", "final diagnosis", "bottom line",
    ),
    "recommendation": (
        "recommendation", "recommendations", "plan", "suggestion", "suggestions", "advice", "recommended follow up",
        "management",
    ),
}  # fmt: skip
PRESENCE_BELOW = {"indication": "hypothetical", "history": "historical", "family": "family",
                  "recommendation": "hypothetical"}  # fmt: skip
"""Whether the patient has what stands in a section, where its sentence does not say it."""
BRIEF = ("indication", "history", "family", "comparison", "technique")
"""Of few sentences: the report itself may come next without a heading."""
