"""Data sets of many cases: what is asked for, the cases made by several workers, and what is told of them."""
