"""Pages of the reference, one for each folder of GuideGenLib, made when the site is built; pictures of Resources."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = sorted(path.parent.name for path in (ROOT / "GuideGenLib").glob("*/__init__.py"))


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the reference into the navigation."""
    config.nav = [*(config.nav or []), {"Reference": [{name: f"reference/{name}.md"} for name in PACKAGES]}]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages and the pictures."""
    for name in PACKAGES:
        text = f"# {name}\n\n::: GuideGenLib.{name}\n"
        files.append(File.generated(config, f"reference/{name}.md", content=text))
    for picture in sorted((ROOT / "Resources" / "Screenshots").glob("*.png")):
        files.append(File.generated(config, f"Screenshots/{picture.name}", abs_src_path=str(picture)))
    return files
