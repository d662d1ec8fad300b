"""Words of degree that tell how much there is of what a recipe draws: "trace ascites", "severe emphysema"."""

DEGREES = {
    "trace": "tiny", "traces": "tiny", "minimal": "tiny", "scant": "tiny", "minor": "small", "mild": "small",
    "slight": "small", "marked": "large", "severe": "large", "substantial": "large", "gross": "huge",
}  # fmt: skip
"""Of one word each, with the size word that they stand for; of other findings they tell nothing that is drawn."""
MORE = ("larger", "greater", "bigger", "more", "worse", "wider", ">")
"""Between two sides, or before one: "right greater than left", "larger on the right"."""
LESS = ("smaller", "less", "<")
