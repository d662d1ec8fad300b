"""What the user should know of a finding that a recipe draws, before it is drawn."""

from GuideGenLib.description.model import Finding


def notes_on(finding: Finding) -> list[str]:
    """Sentences where a finding is drawn otherwise than it is told: too many, too large, in another measure."""
    recipe = finding.recipe
    if recipe is None or not finding.there:
        return []
    notes = []
    if recipe.mechanism == "solid" and finding.count > recipe.most:
        notes.append(f"Of {finding.count} {recipe.name} at most {recipe.most} are drawn.")
    if recipe.sizes is None:
        return notes
    unit, (low, high) = recipe.sizes.unit, recipe.sizes.limits
    told = {"ml": finding.volume_ml, "mm": finding.size_mm}.get(unit)
    if told is not None and not low <= told <= high:
        nearest = min(max(told, low), high)
        notes.append(
            f"A {recipe.name} of {told:g} {unit} is drawn with {nearest:g} {unit}: {low:g} to {high:g} can be had."
        )
    if unit == "ml" and finding.size_mm is not None:
        measure = f"its {finding.size_mm:g} mm have no effect. Write for example {recipe.sizes.range_of(None)[1]:g} ml"
        notes.append(f"A {recipe.name} is drawn by its volume, {measure}.")
    return notes
