"""Whether generated patients differ as people do: in their organs, their girth, their bones, and from the trained."""
