"""Hollow organs of the belly, drawn by rule inside their labels: wall, content, gas over fluid, and the bladder."""
