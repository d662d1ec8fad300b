"""Trees of vessels that are grown inside organs, by rule."""
