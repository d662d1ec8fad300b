"""Uploads, checks of what strangers send, and downloads."""
