"""What findings change in the HU: the tissue of organs, calcium, and the rims of lesions."""
