"""The container's files say what this version has: they are read, not built, for a test has no Docker."""

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from GuideGenLib.cli.main import build_parser

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "container"
INSTRUCTIONS = {
    "FROM", "ARG", "WORKDIR", "RUN", "ENV", "COPY", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD",
}  # fmt: skip


def instructions() -> list[tuple[str, str]]:
    """Of the Dockerfile, each with what it is given."""
    text = re.sub(r"^#.*\n", "", (FOLDER / "Dockerfile").read_text(), flags=re.M).replace("\\\n", " ")
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in text.splitlines() if line.strip()]


def loaded(name: str) -> Any:
    """A file of YAML."""
    return yaml.safe_load((FOLDER / name).read_text())


def test_the_dockerfile_copies_what_is_there_and_runs_as_nobody():
    found = instructions()
    assert {name for name, _ in found} <= INSTRUCTIONS
    for name, given in found:
        if name == "COPY" and not given.startswith("--from"):
            assert all((ROOT / source).exists() for source in given.split()[:-1]), given
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (installed,) = [given for name, given in found if name == "RUN" and '".[' in given]
    assert set(re.findall(r"\.\[(.*?)\]", installed)[0].split(",")) <= set(extras)
    assert [given for name, given in found if name == "USER"][-1] == "guidegen"
    assert any(name == "HEALTHCHECK" for name, _ in found)


def test_the_commands_of_the_composition_are_commands():
    services = loaded("compose.yaml")["services"]
    for service in services.values():
        assert service["read_only"] is True
        assert service["build"]["dockerfile"] == "docs/container/Dockerfile"
        if "command" in service:
            arguments = [re.sub(r"\$\{\w+:-(.*?)\}", r"\1", one) for one in service["command"]]
            assert build_parser().parse_args(arguments)
    (default,) = [given for name, given in instructions() if name == "CMD"][-1:]
    assert build_parser().parse_args(yaml.safe_load(default))


def test_the_server_asks_for_tokens_and_its_health_is_what_it_answers_without_them():
    composition = loaded("compose.yaml")
    server = composition["services"]["server"]
    asked = build_parser().parse_args(server["command"])
    assert asked.tokens.parent == Path("/run/secrets") and asked.tokens.name in composition["secrets"]
    assert f"http://127.0.0.1:{asked.port}/health" in server["healthcheck"]["test"][-1]
    assert server["ports"] == [f"{asked.port}:{asked.port}"]
    (ports,) = [given.split() for name, given in instructions() if name == "EXPOSE"]
    assert str(asked.port) in ports
    source = (ROOT / "GuideGenLib/remote/server/application.py").read_text()
    assert 'add_get("/health"' in source


def test_the_ray_job_makes_a_cohort_with_the_ray_that_is_pinned():
    job = loaded("rayjob.yaml")
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    command = job["spec"]["entrypoint"].split()
    assert command[0] == "guidegen"
    asked = build_parser().parse_args(command[1:])
    cluster = job["spec"]["rayClusterSpec"]
    assert f"ray=={cluster['rayVersion']}\n" in (ROOT / "constraints.txt").read_text()
    (group,) = cluster["workerGroupSpecs"]
    limits = group["template"]["spec"]["containers"][0]["resources"]["limits"]
    assert asked.workers == group["replicas"] and str(asked.cores) == limits["cpu"]
    assert asked.gpus == float(limits["nvidia.com/gpu"])
