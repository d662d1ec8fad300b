"""What `guidegen serve` runs: a line of requests, fair between users, in front of the engine's workers."""
