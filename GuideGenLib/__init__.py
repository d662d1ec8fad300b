"""GuideGen: text to an editable torso anatomy to a CT volume."""

__version__ = "0.1.0"
