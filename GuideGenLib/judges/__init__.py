"""Networks that judge generated CTs, and their training."""
