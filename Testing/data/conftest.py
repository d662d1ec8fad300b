"""A data folder of a small trunk, and a torso of boxes."""

from Testing.phantom import phantom, put
from Testing.trunk import flat, hu, organs, write

__all__ = ["flat", "hu", "organs", "phantom", "put", "write"]
