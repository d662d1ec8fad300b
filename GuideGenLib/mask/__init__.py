"""Stage 1: a description becomes a label volume; anatomy first, then the lesion."""
