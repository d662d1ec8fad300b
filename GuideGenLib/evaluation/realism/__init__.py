"""How near generated CTs are to real ones."""
