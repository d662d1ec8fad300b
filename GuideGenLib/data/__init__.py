"""What training, judging and the population read: data folders, cached scans, tissues, levels of the torso."""
