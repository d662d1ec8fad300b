"""GuideGen: text to an editable torso anatomy to a CT volume."""

from GuideGenLib.core.host import name_user

__version__ = "0.1.0"

name_user()
