"""Figures of a bundle, measured on the volumes that it makes and not on what the generator says of them."""
