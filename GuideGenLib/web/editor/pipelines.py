"""Empties the pipelines that trame_slicer's editor leaves behind with each scene.

Its tools draw by pipelines: Python objects on top of VTK's. Of each, slicer_layer_dm keeps a reference for good, and
Python's collector does not look into VTK objects; so each scene that ended left 39 of them with all their actors and
filters, and every move of a view told them so.
"""

from __future__ import annotations

from typing import Any

LAST = -1.0
"""Priority of an observer that is told after those of the editor and the views."""


def empty_with_scene(scene: Any, editor: Any) -> None:
    """Do so each time that `scene` is closed; editor: trame_slicer's SegmentationEditor."""
    import slicer

    made: list[Any] = []
    left: list[Any] = []

    def make(view_node: Any, parameters: Any) -> Any:
        pipeline = editor._try_create_effect_pipeline(view_node, parameters)
        if pipeline is not None:
            made.append(pipeline)
        return pipeline

    def take(*_: Any) -> None:
        left.extend(made)
        made.clear()

    def empty(*_: Any) -> None:
        for pipeline in left:
            _empty(pipeline)
        left.clear()

    editor._pipeline_creator.SetPythonCallback(make)
    scene.AddObserver(slicer.vtkMRMLScene.StartCloseEvent, take)
    scene.AddObserver(slicer.vtkMRMLScene.EndCloseEvent, empty, LAST)


def _empty(pipeline: Any) -> None:
    """Nothing calls it any more, and it holds nothing."""
    from slicer import vtkMRMLLayerDMPipeline

    pipeline.SetView(None)
    pipeline.SetViewNode(None)
    vtkMRMLLayerDMPipeline.SetDisplayNode(pipeline, None)
    pipeline.SetScene(None)
    pipeline.__dict__.clear()
