"""The record of a run: whole in a text node, its main facts on every node."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from GuideGenLib.scene.runs.provenance import REFERENCE, attach, provenance_of

RECORD = {
    "synthetic": True,
    "text": 'A "60" year\told man;\n with: a <48 mm> & 20 % tumor ü 名',
    "settings": {"seed": 7, "spacing_mm": None},
    "bundle": {"name": "torso-small", "version": "1", "sha256": "ab" * 32},
    "guidegen": "0.1.0",
}


def volume(scene: Any) -> Any:
    return scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")


def test_the_record_is_linked_and_the_facts_are_attributes(scene: Any):
    node = volume(scene)
    record = attach(scene, node, RECORD)
    assert record.IsA("vtkMRMLTextNode")
    assert node.GetNodeReference(REFERENCE) is record
    assert provenance_of(node) == RECORD
    for holder in (node, record):
        facts = {name: holder.GetAttribute(name) for name in holder.GetAttributeNames()}
        assert facts == {
            "GuideGen.Synthetic": "YES",
            "GuideGen.Prompt": 'A "60" year old man; with: a <48 mm> & 20 % tumor ü 名',
            "GuideGen.Seed": "7",
            "GuideGen.Bundle": "torso-small",
            "GuideGen.BundleSha256": "ab" * 32,
            "GuideGen.Version": "0.1.0",
        }


def test_nodes_of_one_run_share_the_text_and_other_runs_have_their_own(scene: Any):
    nodes = [volume(scene) for _ in range(3)]
    records = [attach(scene, node, RECORD | {"device": device}) for node, device in zip(nodes, "aab", strict=True)]
    assert records[0] is records[1]
    assert records[2] is not records[0]
    assert records[2].GetName() != records[0].GetName()
    assert [provenance_of(node)["device"] for node in nodes] == list("aab")


def test_what_cannot_be_read_is_none(scene: Any):
    node = volume(scene)
    assert provenance_of(node) is None
    record = attach(scene, node, RECORD)
    for text in ("", "{", "[1]"):
        record.SetText(text)
        assert provenance_of(node) is None
    scene.RemoveNode(record)
    assert provenance_of(node) is None


def test_a_new_record_takes_the_place_of_the_old(scene: Any):
    node = volume(scene)
    attach(scene, node, RECORD)
    attach(scene, node, {"settings": {"seed": 8}})
    assert provenance_of(node) == {"settings": {"seed": 8}}
    assert node.GetAttribute("GuideGen.Seed") == "8"
    assert node.GetAttribute("GuideGen.Prompt") is None, "it was the old one's"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_text_survives(scene: Any, text: str):
    node = volume(scene)
    attach(scene, node, {"text": text})
    assert provenance_of(node) == {"text": text}
