"""How a text is read: words, numbers, places, findings."""
