"""The fixed prompts, and `guidegen check` over them."""
