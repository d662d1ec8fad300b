"""Our system and its rivals beside each other: the same masks, prompts, judges and seeds for all."""
