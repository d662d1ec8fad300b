"""Words for the looks of lesions; data only. Same notation as lexicon.py.

The words are those of the Fleischner Society's glossary and guidelines for nodules (Hansell, Radiology 2008;246:697;
MacMahon, Radiology 2017;284:228) and of LI-RADS v2018 for the liver.
"""

_MARGINS = {
    "spiculated": ("spiculated", "spicular", "spiky", "stellate"),
    "lobulated": ("lobulated", "lobular", "lobulating", "multilobulated", "polylobulated", "bosselated"),
    "infiltrating": ("infiltrative", "ill defined", "poorly defined", "poorly marginated", "poorly circumscribed",
                     "indistinct", "diffusely infiltrating", "permeative"),
    "smooth": ("smooth", "smoothly marginated", "well defined", "well circumscribed", "well demarcated",
               "sharply marginated", "sharply demarcated", "smoothly contoured"),
}  # fmt: skip
_EDGES = ("margin", "margins", "border", "borders", "contour", "contours", "edges", "outline", "in contour", "in shape")
"""What a margin's word may stand before, in "with spiculated margins"."""
_INSIDE = {
    "solid": ("solid",),
    "part_solid": ("part solid", "partly solid", "partially solid", "semi solid", "semisolid", "subsolid", "sub solid",
                   "mixed ground glass", "part solid ground glass"),
    "ground_glass": ("ground glass", "groundglass", "pure ground glass", "pure groundglass", "nonsolid", "non solid",
                     "ground glass attenuation", "ground glass density"),
    "cavitated": ("cavitary", "cavitated", "cavitating", "cavitation", "cavitations", "central cavitation",
                  "thick walled cavitary", "thick walled cavitating", "thin walled cavitary", "with air fluid level",
                  "excavated", "with a cavity", "with central cavity", "with a central cavity"),
    "necrotic": ("necrotic", "centrally necrotic", "partially necrotic", "partly necrotic", "necrosis",
                 "central necrosis", "extensive necrosis", "necrotic core", "necrotic center", "a necrotic center",
                 "a necrotic core", "necrotizing"),
    "cystic": ("cystic", "cyst like", "predominantly cystic", "multicystic", "multilocular cystic"),
    "calcified": ("calcified", "coarsely calcified", "partially calcified", "partly calcified", "with calcification",
                  "with calcifications", "with coarse calcification", "with coarse calcifications",
                  "with punctate calcification", "with punctate calcifications", "with internal calcification",
                  "with internal calcifications", "with central calcification", "with central calcifications",
                  "containing calcification", "containing calcifications", "containing coarse calcifications",
                  "with eccentric calcification", "with some calcifications", "with popcorn calcification"),
}  # fmt: skip
_CONTRAST = {
    "hypervascular": ("hypervascular", "hypervascularized", "arterially enhancing", "arterially hyperenhancing",
                      "hyperenhancing", "hyperenhancement", "arterial hyperenhancement", "arterial enhancement",
                      "arterial phase hyperenhancement", "aphe", "avidly enhancing", "strongly enhancing",
                      "arterial phase enhancement", "nonrim arterial phase hyperenhancement"),
    "hypovascular": ("hypovascular", "hypodense", "hypoattenuating", "hypoenhancing", "poorly enhancing",
                     "hypovascularized", "low attenuation"),
    "washout": ("washout", "wash out", "washing out", "portal venous washout", "portal washout", "venous washout",
                "delayed washout", "with washout in the portal venous phase", "washout in the portal venous phase",
                "washout in the venous phase", "washout in the delayed phase", "washout appearance"),
    "rim_enhancing": ("rim enhancing", "rim enhancement", "ring enhancing", "ring enhancement",
                      "peripherally enhancing", "peripheral enhancement", "peripheral rim enhancement",
                      "with an enhancing rim", "with enhancing rim"),
}  # fmt: skip
_LACKED = {
    "calcified": ("noncalcified", "non calcified", "uncalcified", "non calcifying"),
    "cavitated": ("noncavitary", "non cavitary", "noncavitated", "non cavitated", "noncavitating", "non cavitating"),
    "necrotic": ("nonnecrotic", "non necrotic"), "cystic": ("noncystic", "non cystic"),
    "spiculated": ("nonspiculated", "non spiculated"), "hypervascular": ("nonenhancing lesion",),
}  # fmt: skip
LACKS = "lacks "
"""How the value of a word begins that denies a look."""
SOLID_PART = "solid part"
"""Of "solid component": makes ground glass part-solid, and says nothing of another lesion."""


def _all() -> dict[str, str]:
    words = {word: look for look, group in {**_MARGINS, **_INSIDE, **_CONTRAST}.items() for word in group}
    words |= {f"{word} {edge}": look for look, group in _MARGINS.items() for word in group for edge in _EDGES}
    words |= {word: LACKS + look for look, group in _LACKED.items() for word in group}
    words |= dict.fromkeys(("solid component", "solid components", "solid portion", "solid part"), SOLID_PART)
    return words | dict.fromkeys(
        ("a solid component", "a small solid component", "a central solid component"), SOLID_PART
    )


LOOK_WORDS = _all()
IMPLIED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("ground glass nodule", "ggn"), ("ground_glass",)),
    **dict.fromkeys(("hcc", "hepatocellular carcinoma", "hepatoma", "hepatocellular cancer"),
                    ("hypervascular", "washout")),
}  # fmt: skip
"""What the name of a finding says of its looks; of an HCC what LI-RADS v2018 takes for its signs."""
