"""What the labels are: one table and its maps to other vocabularies."""
