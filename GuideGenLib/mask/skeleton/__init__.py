"""Spine and rib cage, laid by rule along what the denoiser drew of them.

The denoiser works on 6 mm voxels and is sure of where spine and chest are, but less so of which voxel between two ribs
or bodies is bone: undecided, it draws a column and a shell. Where they run and how wide they are is taken from its
drawing, what follows what and in which shape from anatomy: seventeen vertebrae with discs, arches and processes, twelve
pairs of ribs that begin at them, and their cartilages to the sternum.
"""
