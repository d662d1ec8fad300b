"""The story of a user: what is understood, run, edited and compared, and what is said on the way."""
