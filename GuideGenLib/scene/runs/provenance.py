"""Where a node came from: a text node with the whole record, and the main facts as attributes of the node itself."""

from __future__ import annotations

import json
from typing import Any

from GuideGenLib.scene.nodes import nodes_of

REFERENCE = "GuideGen.Provenance"
PROMPT, SEED, SYNTHETIC = "GuideGen.Prompt", "GuideGen.Seed", "GuideGen.Synthetic"
BUNDLE, BUNDLE_HASH, VERSION = "GuideGen.Bundle", "GuideGen.BundleSha256", "GuideGen.Version"
VTK_UTF_8 = 3


def attach(scene: Any, node: Any, provenance: dict[str, Any]) -> Any:
    """Link a node to the vtkMRMLTextNode of its record (JSON), mark it as synthetic, and return the text node.

    Nodes with the same record share one text node. The record is what `Generator.provenance` returns; other
    dictionaries that JSON can hold will do.
    """
    text = json.dumps(provenance, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    record = _find(scene, text)
    if record is None:
        record = _add(scene, text)
    node.SetNodeReferenceID(REFERENCE, record.GetID())
    for holder in (node, record):
        for name, value in _facts(provenance).items():
            holder.SetAttribute(name, value)  # None takes an older one away
    return record


def provenance_of(node: Any) -> dict[str, Any] | None:
    """The record that a node is linked to; None for a node without one or with one that is no JSON object."""
    record = node.GetNodeReference(REFERENCE)
    try:
        provenance = json.loads(record.GetText()) if record is not None else None
    except (TypeError, ValueError):
        return None
    return provenance if isinstance(provenance, dict) else None


def _facts(provenance: dict[str, Any]) -> dict[str, str | None]:
    settings, bundle = provenance.get("settings") or {}, provenance.get("bundle") or {}
    facts = {
        # An attribute in a scene file keeps no line ends and tabs: the record has the text as it was typed.
        PROMPT: " ".join(str(provenance.get("text", "")).split()),
        SEED: settings.get("seed"),
        BUNDLE: bundle.get("name"),
        BUNDLE_HASH: bundle.get("sha256"),
        VERSION: provenance.get("guidegen"),
    }
    told = {name: str(value) if value not in (None, "") else None for name, value in facts.items()}
    return {SYNTHETIC: "YES", **told}


def _find(scene: Any, text: str) -> Any:
    records = nodes_of(scene, "vtkMRMLTextNode")
    return next((record for record in records if record.GetText() == text and record.GetAttribute(SYNTHETIC)), None)


def _add(scene: Any, text: str) -> Any:
    record = scene.AddNewNodeByClass("vtkMRMLTextNode", scene.GenerateUniqueName("Provenance"))
    record.SetEncoding(VTK_UTF_8)
    # In a file of its own: as an attribute of the scene file a text loses its line ends.
    record.SetForceCreateStorageNode(record.CreateStorageNodeAlways)
    record.SetText(text)
    return record
