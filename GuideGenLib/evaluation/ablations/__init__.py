"""The method without one of its means."""
