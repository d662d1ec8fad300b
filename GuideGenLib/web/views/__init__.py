"""The four views, and what is drawn and read in them."""
