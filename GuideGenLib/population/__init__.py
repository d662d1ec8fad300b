"""Where the training anatomies come from: a joined torso and the people made of it."""
