"""Ruler, region and angle, as markups of the scene."""
