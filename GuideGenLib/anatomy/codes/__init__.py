"""SNOMED CT codes of structures, ours and those of others."""
