"""Nodes of a scene by their class, and whether one that was kept is still there."""

from __future__ import annotations

from typing import Any


def nodes_of(scene: Any, kind: str) -> list[Any]:
    """All nodes of a class or of one derived from it, in the order of the scene."""
    return [scene.GetNthNodeByClass(index, kind) for index in range(scene.GetNumberOfNodesByClass(kind))]


def present(node: Any) -> Any:
    """A node that was kept, None where it was removed or its scene cleared since. Keep nodes, never their IDs: clearing
    a scene frees them, and the next node to come, a user's, may get one of them."""
    return node if node is not None and node.GetScene() is not None else None
