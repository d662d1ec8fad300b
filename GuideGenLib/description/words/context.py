"""Words that say whether the patient has a finding, as triggers of ConText; data only. Same notation as lexicon.py.

A trigger acts on the findings behind it (BEFORE) or in front of it (AFTER) as far as `reading.presence` says. The
categories are those of `model.PRESENCES`. Longer triggers win over the shorter ones that they hold.
"""

BEFORE: dict[str, tuple[str, ...]] = {
    "negated": (
        "no", "not", "without", "w/o", "no evidence of", "no evidence for", "no sign of", "no signs of",
        "absence of", "lack of", "lacks", "lacking", "free of", "free from", "negative for", "neg for", "excludes",
        "denies", "never", "nor", "neither", "nil", "doesn", "isn", "aren", "wasn", "hasn", "don", "didn",
        "devoid of", "without evidence of", "without any evidence of", "without sign of", "without signs of",
        "no radiological evidence of", "no ct evidence of", "no definite", "no convincing evidence of",
        "no indication of", "no suspicion of", "with no", "ruled out for", "not any", "has no", "have no",
        "shows no", "had no", "no visible", "no detectable", "no obvious", "no radiographic evidence of", "weren",
        "haven", "does not have", "non", "no trace of", "without any", "without any sign of", "no suspicious",
        "no evident", "rules out", "cannot", "can not", "excluding", "nothing", "none of", 
        "no residual", "without residual", "no recurrence of", "no recurrent",
        "without recurrent", 
    ),
    "possible": (
        "possible", "possibly", "probable", "suspected", "questionable", "doubtful", "dubious",
        "potential", "potentially", "equivocal",
        "suspicion of", "suspicion for", "may be", "might be", "could be", "may represent", "might represent",
        "could represent", "could reflect", "may reflect", "can represent", "perhaps", "cannot exclude",
        "can not exclude", "cannot rule out", "can not rule out", "could not exclude", "unable to exclude",
        "does not exclude", "differential includes", "questionably", "presumed", "suspect",
    ),
    "hypothetical": (
        "rule out", "ruling out", "r/o", "to exclude", "exclude", "evaluate for", "evaluation for",
        "evaluation of possible", "assess for", "assessment for", "assess for possible", "screening for",
        "screening ct for", "ct screening for", "screen for", "worried about", "worry about", "worried for",
        "concern about", "concerned about", "concern for", "fear of", "looking for", "look for", "search for",
        "searching for", "query", "question of", "in case of", "risk of", "at risk for", "risk for",
        "increased risk of", "risk factors for", "if", "whether", "should", "recommend", "recommended",
        "recommends", "suggest", "advise", "surveillance for", "workup for", "work up for", "work up of possible",
        "check for", "scheduled for", "planned for", "candidate for", "exclusion of", "clarify",
        "to differentiate", "asks for", "asked for", "wants to know",
    ),
    "family": (
        "family history of", "family history", "fh of", "fhx of", "family hx of", "mother", "father", "sister",
        "brother", "aunt", "uncle", "grandmother", "grandfather", "grandparent", "cousin", "sibling", "siblings",
        "parents", "relative", "relatives", "wife", "husband", "spouse", "daughter", "son", "maternal", "paternal",
        "first degree relative", "niece", "nephew",
    ),
    "resolved": (
        "resolution of", "interval resolution of", "complete resolution of", "disappearance of",
        "interval disappearance of", "complete response of", "complete remission of", "clearance of", "resolved",
        "interval clearing of", "no longer any", "no more",
    ),
}  # fmt: skip
AFTER: dict[str, tuple[str, ...]] = {
    "negated": (
        "absent", "ruled out", "excluded", "not seen", "not present", "not identified", "not visible",
        "not detected", "not found", "not evident", "not observed", "not noted", "not demonstrated", "not shown",
        "not appreciated", "not visualized", "negative", "none", "not there", "not apparent", "missing",
        "unlikely", "can be ruled out", "been ruled out", "been excluded", "not been found", "not been seen",
        "not been identified", "none seen", "none found", "none identified", "not been detected", "not visualised",
        "not shown today", "not confirmed", "not found today", "not reproduced",
        "not visualized on", "not evident today",
    ),
    "possible": (
        "not excluded", "cannot be excluded", "can not be excluded", "cannot be ruled out", "can not be ruled out",
        "not ruled out", "not entirely excluded", "is possible", "are possible", "possible", "suspected",
        "is suspected", "are suspected", "questionable", "not be excluded", "is questionable",
        "cannot be entirely excluded", "cannot be completely excluded", "not be ruled out",
    ),
    "hypothetical": (
        "would", "would then", "in question", "to be excluded", "to be ruled out", "is feared",
        "needs to be excluded", "should be excluded", "must be excluded", "risk", "to be clarified",
    ),
    "family": (
        "in the family", "in his family", "in her family", "in mother", "in father", "in the mother",
        "in the father", "in his mother", "in his father", "in her mother", "in her father", "mother", "father",
        "sister", "brother", "aunt", "uncle", "grandmother", "grandfather",
    ),
    "resolved": (
        "no longer seen", "no longer visible", "no longer present", "resolved", "no longer identified",
        "has resolved", "have resolved", "had resolved", "has completely resolved", "have completely resolved",
        "completely resolved", "is resolved", "are resolved", "has disappeared", "have disappeared", "disappeared",
        "has vanished", "have vanished", "is gone", "are gone", "has cleared", "have cleared",
        "no longer visualized", "no longer appreciated", "no longer detectable", "not seen anymore",
        "not visible anymore", "has regressed completely", "have regressed completely", "completely regressed",
        "complete response", "complete remission", "in complete remission", "has gone", "no longer evident",
        "no longer demonstrated", "no longer noted", "no longer found", "no longer there",
    ),
    "historical": (
        "has been resected", "have been resected", "was resected", "were resected", "been resected",
        "has been removed", "have been removed", "was removed", "were removed", "was surgically removed",
        "has been ablated", "was ablated", "were ablated", "was excised", "has been excised",
        "was treated surgically", "status post resection", "s/p resection", "resected in", "operated",
    ),
}  # fmt: skip
PAST = (
    "history of", "h/o", "prior", "previous", "previously treated", "s/p", "status post", "resected", "former",
    "past history of", "past medical history of", "after resection of", "hx of", "personal history of",
    "after treatment of", "following resection of", "after removal of", "pmh of", "remote history of",
    "status post resection of", "s/p resection of", "surgically removed", "in remission", "removed",
    "previously resected", "hemicolectomy for", "colectomy for", "pneumonectomy for",
    "hepatectomy for", "resection for", "surgery for", "operated for", "removal of",
)  # fmt: skip
"""What follows (or, for one word, directly stands beside) the patient had once."""
WIDE = ("family", "hypothetical")
"""Categories that reach to the end of their sentence; the others end at its next joint."""
STRENGTH = ("negated", "family", "hypothetical", "resolved", "historical", "possible")
"""Of several triggers the first category in this row counts: "no history of", "no suspected"."""
TOLD = {
    "historical": "is past",
    "resolved": "has resolved",
    "family": "is of the family",
    "hypothetical": "is only asked for",
}
"""What the user is told of findings that are not drawn."""
