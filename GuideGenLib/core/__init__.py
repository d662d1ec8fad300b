"""What all parts need and none owns: files, volumes, grids, progress, devices, the shipped resources."""
