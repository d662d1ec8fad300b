"""The vocabulary; data and its look-up."""
