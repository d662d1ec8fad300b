"""Findings drawn into an anatomy: where, of what shape, and what gives way."""
