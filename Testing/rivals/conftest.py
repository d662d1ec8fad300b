"""What tests of the rivals feed on."""

from Testing.trunk import flat, hu, organs, write

__all__ = ["flat", "hu", "organs", "write"]
