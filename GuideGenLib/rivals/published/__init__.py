"""Weights that others publish, in place of our CT networks; the user brings them, nothing is downloaded."""
