"""Stage 3: a label volume and a description become HU."""
