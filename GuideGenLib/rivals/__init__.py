"""Counterparts of the systems in the paper's tables, each the smallest honest one on MONAI's networks.

They learn from the same prepared data as our stages (`guidegen train rival NAME`), see as many samples and have as many
weights within 20 %, so that `guidegen evaluate --systems all` can measure all of them with the same masks, prompts,
judges and seeds. None is the published system: its docstring names the paper, what shapes the method and is kept, and
every departure. All of them depart in size, in data (some fifteen scans in place of thousands), in training time, and
in that lesions are the painted ones of our own training patches, as no scan here has labelled ones.
"""
