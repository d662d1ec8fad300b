"""What a screen reader is told of a widget: trame leaves out every attribute that it does not know, without a word.

Imported before any widget is written, so that every widget takes ATTRIBUTES: text, or an expression of the page in a
tuple.
"""

from trame_client.widgets.core import AbstractElement

ATTRIBUTES = (
    "role", "aria_controls", "aria_current", "aria_describedby", "aria_expanded", "aria_hidden", "aria_label",
    "aria_labelledby", "aria_live", "aria_pressed", "aria_selected",
)  # fmt: skip

for _name in ATTRIBUTES:
    AbstractElement.register_directive(_name, _name.replace("_", "-"))
