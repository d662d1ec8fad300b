"""The training loops of the three stages, on `GUIDEGEN_DATA` or a user's own data."""
