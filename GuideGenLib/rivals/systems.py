"""The rivals by their names, in the order of the paper's tables."""

from GuideGenLib.rivals.frame import Rival
from GuideGenLib.rivals.generatect import GenerateCT
from GuideGenLib.rivals.maisi import Maisi
from GuideGenLib.rivals.medddpm import MedDDPM
from GuideGenLib.rivals.medsyn import MedSyn
from GuideGenLib.rivals.pinaya import Pinaya
from GuideGenLib.rivals.zhuang import Zhuang

SYSTEMS: tuple[type[Rival], ...] = (Maisi, Zhuang, MedDDPM, MedSyn, Pinaya, GenerateCT)
RIVALS: dict[str, type[Rival]] = {one.name: one for one in SYSTEMS}
