"""What would be written about a person, in many wordings.

The wording leaves out what a clinician would leave out: any attribute may be missing, and a tumour is told by its
stage, its size, a word for its size, or several of them. What is written is always true of the person.
"""

import re
from collections.abc import Callable, Sequence

import numpy as np

from GuideGenLib.description.model import Finding
from GuideGenLib.population.attributes import Attributes, habitus_of
from GuideGenLib.population.findings import draw_findings, one_of

__all__ = ["LAYOUTS", "draw_findings", "write_prompt"]

_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_DECADES = ("", "teens", "twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties")
_UNITS = (
    "", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_RACES = {
    "white": ("white", "Caucasian"), "black": ("black", "African American", "black African American"),
    "asian": ("Asian",),
    "american_indian": ("American Indian", "Native American"),
    "pacific_islander": ("Pacific Islander", "Native Hawaiian"),
}  # fmt: skip
_ETHNICITIES = {
    "hispanic": ("Hispanic", "Hispanic or Latino"),
    "not_hispanic": ("non-Hispanic", "non-Hispanic or Latino", "non-Latino"),
}
_HABITUS = {
    "thin": ("slim", "thin", "underweight", "slender"), "normal": ("normal-weight", "normally built"),
    "overweight": ("overweight", "heavyset"), "obese": ("obese",),
}  # fmt: skip
_NOUNS = {"male": ("man", "male", "gentleman", "male patient"), "female": ("woman", "female", "lady", "female patient")}
_PHASES = {
    "none": ("non-contrast {}", "unenhanced {}", "{} without contrast"),
    "arterial": ("arterial phase {}", "{} in the arterial phase", "late arterial phase {}"),
    "portal_venous": (
        "portal venous phase {}",
        "{} in the portal venous phase",
        "contrast-enhanced {}",
        "{} with contrast",
    ),
    "delayed": ("delayed phase {}", "{} in the delayed phase"),
}
_SCANS = (
    "CT",
    "CT scan",
    "CT of the chest, abdomen and pelvis",
    "torso CT",
    "CT of the torso",
    "CT chest/abdomen/pelvis",
)
_COLON = {
    "cecum": ("cecum",), "ascending": ("ascending colon",), "hepatic_flexure": ("hepatic flexure",),
    "transverse": ("transverse colon",), "splenic_flexure": ("splenic flexure",),
    "sigmoid": ("sigmoid colon", "sigmoid"),
    "descending": ("descending colon", "descendant colon"), "rectum": ("rectum",),
}  # fmt: skip
_TUMOR_WORDS = {
    "lung": ("lung cancer", "lung tumor", "lung carcinoma", "pulmonary tumor", "NSCLC", "bronchogenic carcinoma"),
    "liver": ("liver tumor", "liver cancer", "HCC", "hepatocellular carcinoma", "hepatic tumor"),
    "kidney": ("kidney tumor", "renal tumor", "RCC", "renal cell carcinoma", "kidney cancer"),
    "pancreas": ("pancreatic tumor", "pancreatic cancer", "pancreatic adenocarcinoma", "PDAC", "tumor of the pancreas"),
    "colon": ("colon tumor", "colon cancer", "colonic adenocarcinoma", "colonic tumor"),
}
_ADJECTIVE = {"lung": "pulmonary", "liver": "hepatic", "kidney": "renal", "pancreas": "pancreatic", "colon": "colonic"}


class Words:
    """The fragments of one text, worded at random; each call of a method words it anew."""

    def __init__(self, who: Attributes, findings: Sequence[Finding], rng: np.random.Generator) -> None:
        self.who, self.rng = who, rng
        self.present = [finding for finding in findings if finding.there]
        self.absent = [finding for finding in findings if not finding.there]
        self.show = {name: rng.random() < share for name, share in (
            ("age", 0.7), ("sex", 0.85), ("race", 0.45), ("ethnicity", 0.3), ("habitus", 0.5), ("phase", 0.45),
            ("absent", 0.7),
        )}  # fmt: skip
        self.his = {"male": "his", "female": "her"}[who.sex] if self.show["sex"] else "their"
        self.he = {"male": "he", "female": "she"}[who.sex] if self.show["sex"] else "the patient"

    def one(self, *options: str) -> str:
        return one_of(self.rng, options)

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def age(self) -> str:
        """As an adjective before a noun, "" where it stays out."""
        age = self.who.age
        if not self.show["age"]:
            return ""
        word = _UNITS[age] if age < 20 else _TENS[age // 10] + (f"-{_UNITS[age % 10]}" if age % 10 else "")
        vague = (
            "elderly"
            if 66 <= age <= 89
            else "middle-aged"
            if 41 <= age <= 63
            else "young"
            if age <= 38
            else f"{age}-year-old"
        )
        return self.one(
            f"{age}-year-old", f"{age}-year-old", f"{age} year old", f"{age} y/o", f"{word}-year-old", vague
        )

    def decade(self) -> str:
        age = self.who.age
        return (
            ""
            if not self.show["age"] or age < 20
            else f"in {self.his} " + self.one(f"{age // 10 * 10}s", _DECADES[age // 10])
        )

    def race(self) -> str:
        parts = []
        if self.who.ethnicity and self.show["ethnicity"]:
            parts.append(self.one(*_ETHNICITIES[self.who.ethnicity]))
        if self.who.race and self.show["race"]:
            parts.append(self.one(*_RACES[self.who.race]))
        return " ".join(parts)

    def build(self) -> str:
        return self.one(*_HABITUS[self.who.habitus]) if self.show["habitus"] else ""

    def figure(self) -> str:
        """Habitus after the noun: "with a BMI of 34"."""
        if not self.show["habitus"]:
            return ""
        bmi = f"{self.who.bmi:.0f}" if habitus_of(round(self.who.bmi)) == self.who.habitus else f"{self.who.bmi:.1f}"
        return "with " + self.one(f"BMI {bmi}", f"a BMI of {bmi}")

    def noun(self) -> str:
        return self.one(*_NOUNS[self.who.sex]) if self.show["sex"] else "patient"

    def person(self) -> str:
        """ "67-year-old obese white man" in one of its orders, without an article."""
        form = int(self.rng.integers(4))
        parts = {
            0: (self.age(), self.build(), self.race(), self.noun()),
            1: (self.build(), self.age(), self.race(), self.noun()),
            2: (self.race(), self.noun(), self.decade(), self.figure()),
            3: (self.age(), self.race(), self.noun(), self.figure()),
        }[form]
        return " ".join(part for part in parts if part)

    def short_person(self) -> str:
        """ "67M", "F, 58 y" or the like."""
        letter = self.who.sex[0].upper()
        age = self.who.age
        if self.show["age"] and self.show["sex"]:
            return self.one(f"{age}{letter}", f"{letter} {age}", f"{letter}, {age} y", f"{age} y/o {letter}")
        return self.person()

    def scan(self) -> str:
        scan = self.one(*_SCANS)
        return self.one(*_PHASES[self.who.phase]).format(scan) if self.show["phase"] else scan

    def size(self, finding: Finding) -> str:
        mm = finding.size_mm or 0.0
        return self.one(f"{mm:.0f} mm", f"{mm / 10:.1f} cm", f"{mm:.0f}mm", f"{mm / 10:.1f} cm")

    def tnm(self, finding: Finding) -> str:
        """T, N and M in one of their spellings, with what is known of them; "" without T."""
        if finding.t is None:
            return ""
        t, n, m = finding.t, finding.n, finding.m
        if self.chance(0.3):
            t = t[0]  # T1 for T1b
        if n is None and m is None:
            return self.one("T{0}", "cT{0}", "T-stage {0}", "T{0}", "pT{0}").format(t)
        n = n or "X"
        if m is None:
            return self.one("T{0}N{1}", "cT{0}N{1}", "T{0} N{1}").format(t, n)
        if n == "X" and self.chance(0.4):
            return f"T{t}NM{m}"
        told = self.one("T{0}N{1}M{2}", "cT{0}N{1}M{2}", "T{0} N{1} M{2}", "pT{0}N{1}M{2}", "T{0}, N{1}, M{2}").format(
            t, n, m
        )
        return told.replace("X", "x") if self.chance(0.2) else told

    def site(self, finding: Finding) -> str:
        """ "in the left upper lobe", "" where no place is known."""
        side, site = finding.side, finding.site
        if site is None:
            return ""
        part = site.split("_")[0]
        if finding.organ == "lung":
            return "in the " + self.one(
                f"{side} {part} lobe", f"{part} {side} lobe", f"{part} lobe of the {side} lung",
                    f"{side} lung, {part} lobe",
                f"{side[0] if side else ''}{part[0]}l".upper(),
            )  # fmt: skip
        if finding.organ == "kidney":
            pole = {"upper_pole": "upper pole", "middle": "interpolar region", "lower_pole": "lower pole"}[site]
            return f"in the {pole} of the {side} kidney" if self.chance(0.7) else f"in the {side} kidney"
        if finding.organ == "liver":
            lobe = site.replace("_", " ") if site != "caudate" else "caudate lobe"
            return f"in the {lobe} of the liver"
        if finding.organ == "pancreas":
            return self.one(f"in the {site} of the pancreas", f"in the pancreatic {site}")
        return self.one("in the ", "of the ", "at the ", "around the ") + self.one(*_COLON[site])

    def lesion(self, finding: Finding, staged: bool = True) -> str:
        """One finding as a phrase without an article."""
        place, size = self.site(finding), self.size(finding)
        if finding.kind == "metastasis":
            named = f"{_ADJECTIVE[finding.organ or '']} " + ("metastasis" if finding.count == 1 else "metastases")
            many = "" if finding.count == 1 else self.one(str(finding.count), _UNITS[finding.count])
            big = (
                (self.one(f"of {size}", f"measuring {size}") if finding.count == 1 else f"up to {size}")
                if self.chance(0.5)
                else ""
            )
            return " ".join(part for part in (many, named, place, big) if part)
        if finding.kind == "nodule":
            return " ".join(part for part in (size if self.chance(0.6) else "", "pulmonary nodule", place) if part)
        name = self.one(*_TUMOR_WORDS[finding.organ or ""])
        if place and finding.organ != "colon" and len(self.present) == 1 and self.chance(0.3):
            name = self.one("tumor", "mass", "tumor")  # the organ is in the place
        elif finding.organ == "colon" and place and self.chance(0.4):
            name = self.one("tumor", "carcinoma", "mass")
        tells = self.rng.random()
        first = finding.size_word if finding.size_word and self.chance(0.8) else size if tells < 0.35 else ""
        last = self.one(f"measuring {size}", f"of {size}", f"{size} in diameter") if not first and tells > 0.65 else ""
        stage = self._stage(finding) if staged and (self.chance(0.75) or not (first or last)) else ""
        return " ".join(part for part in (first, name, place, last) if part) + (f", {stage}" if stage else "")

    def _stage(self, finding: Finding) -> str:
        if finding.stage and self.chance(0.3):
            return f"stage {finding.stage}"
        tnm = self.tnm(finding)
        return tnm and self.one(tnm, tnm, f"staged {tnm}", f"with a TNM staging of {tnm}", f"TNM {tnm}")

    def lesions(self, joint: str = " and ", article: bool = True) -> str:
        """All findings that are there, joined; a statement of health where there is none."""
        if not self.present:
            return self.one("no tumor", "no focal lesion", "no evidence of malignancy", "no mass")
        told = []
        for finding in self.present:
            phrase = self.lesion(finding)
            told.append(f"a {phrase}" if article and finding.count == 1 else phrase)
        return joint.join(told)

    def negatives(self) -> str:
        """A sentence on what is not there, "" where nothing is to be said."""
        if not self.absent or not self.show["absent"]:
            return ""
        told = [f"{_ADJECTIVE[finding.organ or '']} {finding.kind}" for finding in self.absent]
        listed = " or ".join(told)
        return self.one(f"No {listed}.", f"There is no {listed}.", f"No evidence of {listed}.", f"Without {listed}.")


Layout = Callable[[Words], str]

LAYOUTS: tuple[Layout, ...] = (
    lambda w: (
        f"This patient is a {w.person()}. In this medical CT scan, {w.his} clinical status can be described as "
        f"{w.lesions()}."
    ),
    lambda w: (
        f"This patient is a {w.person()}. In this CT image, the patient's condition is described as {w.lesions()}."
    ),
    lambda w: f"A {w.person()} with {w.lesions()}.",
    lambda w: f"{w.person()}, {w.lesions(', ', False)}",
    lambda w: f"{w.short_person()}. {w.scan()}: {w.lesions('; ', False)}.",
    lambda w: f"{w.short_person()}, {w.lesions(', ', False)}",
    lambda w: f"{w.scan()} of a {w.person()}. Findings: {w.lesions('; ', False)}.",
    lambda w: f"{w.scan()} of a {w.person()} showing {w.lesions()}.",
    lambda w: f"Patient: {w.person()}\nExam: {w.scan()}\nFindings: {w.lesions('; ', False)}",
    lambda w: f"Clinical history: {w.person()}. Technique: {w.scan()}. Impression: {w.lesions('. ', False)}.",
    lambda w: f"IMPRESSION: {w.lesions('; ', False)}. {w.person()}.",
    lambda w: f"The {w.scan()} shows {w.lesions()}. The patient is a {w.person()}.",
    lambda w: f"There is {w.lesions()} in this {w.person()}.",
    lambda w: f"We see {w.lesions()}. {w.scan()}, {w.person()}.",
    lambda w: f"{w.person()}; {w.scan()}; {w.lesions('; ', False)}",
    lambda w: f"Generate a {w.scan()} of a {w.person()} with {w.lesions()}.",
    lambda w: f"Please make a {w.scan()}: {w.person()}, {w.lesions(', ', False)}.",
    lambda w: f"I need a {w.person()} with {w.lesions()}, {w.scan()}.",
    lambda w: f"This {w.scan()} is of a {w.person()}, in whom {w.lesions()} was found.",
    lambda w: f"{w.lesions('; ', False)} in a {w.person()}",
    lambda w: f"{w.lesions('; ', False)}. {w.scan()}.",
    lambda w: (
        f"Known {w.lesions(' and ', False)} in a {w.person()}; {w.scan()} for staging."
        if w.present
        else f"{w.person()}, {w.scan()}, {w.lesions()}."
    ),
    lambda w: f"- {w.person()}\n- {w.scan()}\n- {w.lesions(chr(10) + '- ', False)}",
    lambda w: f"A {w.person()} was examined by {w.scan()}; {w.he} has {w.lesions()}.",
    lambda w: f"{w.scan()}. {w.person()}. {w.lesions('. ', False)}.",
    lambda w: f"Staging {w.scan()} in a {w.person()}: {w.lesions('; ', False)}.",
)
"""Ways to put a case into words: the two seed styles, sentences, reports, lists, requests."""


def _polished(text: str) -> str:
    text = re.sub(r"\b([Aa]) (?=[aeiouAEIOU]|8|1[18][- ]|NSCLC|RCC|HCC)", r"\1n ", text)
    text = re.sub(r"  +", " ", text)
    return re.sub(r"(^|[.] |\n)([a-z])(?!T\d)", lambda found: found[1] + found[2].upper(), text)


def write_prompt(attributes: Attributes, findings: Sequence[Finding], rng: np.random.Generator) -> str:
    """A text on this person and these findings, worded at random, deterministic in `rng`.

    One layout of LAYOUTS, each fragment in one of its wordings, attributes left out at random, sometimes in lower case.
    """
    words = Words(attributes, findings, rng)
    text = LAYOUTS[int(rng.integers(len(LAYOUTS)))](words)
    denied = words.negatives()
    if denied:
        text += f" {denied}" if text[-1] in ".\n" else f". {denied}"
    text = _polished(text)
    return text.lower() if rng.random() < 0.15 else text
