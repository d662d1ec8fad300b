"""The front server, and the process of each session behind it."""
