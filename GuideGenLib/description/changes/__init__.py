"""A sentence about a case, read as the difference of two descriptions: "make the tumour 2 cm larger"."""
