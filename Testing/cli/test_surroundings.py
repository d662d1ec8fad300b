"""Hostile surroundings: odd names and encodings, missing rights, full and closed outputs, Ctrl-C, two runs at once.

Each ends in one line that names the thing and the remedy, and leaves nothing behind.
"""

import argparse
import getpass
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from GuideGenLib.cli.options import asked
from GuideGenLib.cli.streams import ERRORS, prepare_streams
from GuideGenLib.core import volumes
from GuideGenLib.core.files import staged
from GuideGenLib.core.host import NAMES, name_user, readable
from GuideGenLib.description import Description
from GuideGenLib.generator import RunSettings

ROOT = Path(__file__).parents[2]
TEXT = "A 60 year old man with a 48 mm tumor in the left upper lobe of the lung."
FILES = ["anatomy.nii.gz", "ct.nii.gz", "labels.csv", "preview.png", "provenance.json"]
Run = Callable[..., int]


def started(*command: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    """A process of this Python, with the library on its path."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **options.pop("env", {})}
    return subprocess.run([sys.executable, *command], stderr=subprocess.PIPE, text=True, timeout=60, env=env, **options)


def one_line(errors: str, *parts: str) -> None:
    """An error is one line that tells all of `parts`."""
    lines = errors.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("guidegen: error: "), errors
    for part in parts:
        assert part in lines[0], errors


# ---------------------------------------------------------------- names


@pytest.mark.parametrize("folder", [b"plain", b"\xff\xfe ", "ü 名".encode()])
@pytest.mark.parametrize("ending", [".nii.gz", ".nii", ".nrrd", ".mha"])
def test_a_path_may_have_any_bytes(tmp_path: Path, folder: bytes, ending: str, small_ct: sitk.Image) -> None:
    where = tmp_path / os.fsdecode(folder)
    where.mkdir()
    path = where / os.fsdecode(b"ct\xff" + ending.encode())
    volumes.write_volume(small_ct, path)
    assert os.listdir(os.fsencode(where)) == [b"ct\xff" + ending.encode()]
    assert np.array_equal(sitk.GetArrayFromImage(volumes.read_ct(path)), sitk.GetArrayFromImage(small_ct))


def test_a_case_goes_where_it_should_whatever_its_name(guidegen: Run, tmp_path: Path, capsys) -> None:
    sys.stdout.reconfigure(errors="backslashreplace")  # as start.py does, with a finer way of telling
    sys.stderr.reconfigure(errors="backslashreplace")
    out = tmp_path / os.fsdecode(b"a\xff") / "case"
    assert guidegen("generate", TEXT, "-o", out) == 0
    assert sorted(os.listdir(out)) == FILES
    assert guidegen("ct", "--anatomy", out / "anatomy.nii.gz", "-o", tmp_path / "again") == 0
    capsys.readouterr()
    assert guidegen("ct", "--anatomy", out / "nowhere.nii.gz", "-o", tmp_path / "none") == 2
    one_line(capsys.readouterr().err, "nowhere.nii.gz does not exist")


@pytest.mark.parametrize(
    "command",
    [
        ("mask", TEXT, "-o", "LONG"),
        ("scene", TEXT, "-o", "LONG.mrb"),
        ("ct", "--anatomy", "LONG.nii.gz", "-o", "case"),
        ("edit", "LONG", "add ascites"),
        ("export", "dicom", "LONG", "-o", "study"),
        ("bundle", "check", "LONG"),
    ],
)
def test_a_name_that_is_too_long_is_told(
    guidegen: Run, tmp_path: Path, command: tuple[str, ...], capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert guidegen(*(word.replace("LONG", "a" * 300) for word in command)) == 2
    one_line(capsys.readouterr().err, "a" * 300, "name")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("command", [("export", "dicom", ".", "-o", ""), ("ct", "--anatomy", "", "-o", "case")])
def test_an_empty_name_is_not_the_folder_one_is_in(
    guidegen: Run, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        guidegen(*command)
    assert ended.value.code == 2
    assert "it is empty: name a folder or file" in capsys.readouterr().err.splitlines()[-1]


# ---------------------------------------------------------------- encodings and outputs


def test_a_text_in_another_encoding_is_read_and_its_json_is_json(guidegen: Run, capsys) -> None:
    told = "a tumour of 3 cm in the liver, Jos\u00e9"
    read_as_ascii = told.encode().decode("ascii", "surrogateescape")
    assert readable(read_as_ascii) == told and readable(told) == told
    assert readable("\udcff \ud800") == "? ?"
    assert guidegen("describe", "--json", read_as_ascii) == 0
    assert json.loads(capsys.readouterr().out)["text"] == told


def test_output_that_is_not_utf_8_has_all_characters_in_ascii() -> None:
    env = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    start = ("-m", "GuideGenLib.cli.start", "describe")
    ended = started(*start, "José, a 3 cm tumour of the liver", env=env, stdout=subprocess.PIPE)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert '"tumour"' in ended.stdout and "Jos\\xe9" in ended.stdout
    prepared = (sys.stdout, sys.stderr)
    try:
        prepare_streams()
    finally:
        sys.stdout, sys.stderr = prepared
    assert "“×” 名 \udcff".encode("ascii", ERRORS) == rb'"x" \u540d \xff'


@pytest.mark.parametrize("words", [("describe", TEXT), ("--version",)])
def test_a_full_output_is_told(words: tuple[str, ...]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no output that is full")
    with open("/dev/full", "w") as full:
        ended = started("-m", "GuideGenLib.cli.start", *words, stdout=full)
    assert ended.returncode == 2
    one_line(ended.stderr, "what is printed cannot be written (No space left on device)", "free some space")


def test_a_run_goes_on_when_nobody_reads_its_messages_and_with_closed_streams(tmp_path: Path) -> None:
    start = f'"{sys.executable}" -m GuideGenLib.cli.start'
    calls = (f'{start} describe "" 2>&1 | head -c 3', f'{start} describe "{TEXT}" >&- 2>&- <&-')
    for call, status in zip(calls, (2, 0), strict=True):
        ended = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {call}"], capture_output=True, text=True, timeout=60,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert (ended.returncode, ended.stderr) == (status, ""), call


# ---------------------------------------------------------------- users and rights


def test_a_user_without_a_name_and_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """MONAI asks for it while it is imported."""

    def unknown(number: int) -> Any:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    for name in (*NAMES, "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(KeyError):
        getpass.getuser()
    monkeypatch.setenv("USER", "")  # so that what is set here is taken back at the end
    name_user()
    assert getpass.getuser() == "nobody"


def test_what_may_not_be_read_or_written_is_told_and_stays_as_it_is(
    guidegen: Run, tmp_path: Path, small_anatomy: sitk.Image
) -> None:
    case, closed = tmp_path / "case", tmp_path / "closed"
    assert guidegen("generate", TEXT, "-o", case) == 0
    closed.mkdir()
    shutil.copytree(case, closed / "inner")
    shutil.copytree(case, tmp_path / "secret")
    (tmp_path / "read_only").mkdir()
    shut = {
        tmp_path / "secret" / "provenance.json": 0o000,
        tmp_path / "secret" / "anatomy.nii.gz": 0o000,
        closed: 0o000,
        tmp_path / "read_only": 0o500,
    }
    before = ("case/anatomy.nii.gz", "--edited", "case/anatomy.nii.gz")
    commands = {
        "secret/anatomy.nii.gz cannot be read": ("ct", "--anatomy", "secret/anatomy.nii.gz", "-o", "out"),
        "secret/provenance.json cannot be read": (
            "regenerate", "--ct", "secret/ct.nii.gz", "--anatomy", *before, "-o", "out"
        ),
        "closed/inner/anatomy.nii.gz cannot be read": ("ct", "--anatomy", "closed/inner/anatomy.nii.gz", "-o", "out"),
        "closed/inner": ("edit", "closed/inner", "add ascites"),
        "closed/inner/study": ("mask", TEXT, "-o", "closed/inner/study"),
        "provenance.json cannot be read": ("edit", "secret", "add ascites"),
        "read_only/out: the folder is not writable": ("mask", TEXT, "-o", "read_only/out"),
    }  # fmt: skip
    for path, mode in shut.items():
        path.chmod(mode)
    try:
        there = sorted(os.listdir(tmp_path))
        ended = _without_root(list(commands.values()), tmp_path)
        assert sorted(os.listdir(tmp_path)) == there
    finally:
        for path in shut:
            path.chmod(0o700)
    for told, (status, errors) in zip(commands, ended, strict=True):
        assert status == 2, (told, errors)
        one_line(errors.splitlines()[-1], told)


def _without_root(commands: list[tuple[str, ...]], folder: Path) -> list[tuple[int, str]]:
    """Commands by a user for whom the rights of files count, as they do not for root."""
    less: list[str] = []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root may read and write everything, and there is no setpriv to give that up")
        less = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
    ended = subprocess.run(
        [*less, sys.executable, "-m", "Testing.cli.commands"], input=json.dumps(commands), cwd=folder,
        capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True,
    )  # fmt: skip
    found: list[tuple[int, str]] = json.loads(ended.stdout)
    return found


# ---------------------------------------------------------------- broken records


@pytest.mark.parametrize("content", ["{}", '{"text": 3, "settings": {"seed": "x"}}'])
def test_a_provenance_of_others_beside_the_ct_is_ignored(tmp_path: Path, content: str):
    (tmp_path / "provenance.json").write_text(content)
    description, settings = asked(argparse.Namespace(text=None), tmp_path / "ct.nii.gz")
    assert (description, settings) == (Description(""), RunSettings())


def test_a_broken_provenance_beside_the_ct_is_refused(
    guidegen: Run, generator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """Another patient would be made than the one that it told of."""
    anatomy = tmp_path / "anatomy.nii.gz"
    volumes.write_volume(generator.anatomy, anatomy)
    for content in (b"", b"[]", b'{"text": "A m', b"\xff\xfe", b'{"description": {"age": "x"}}'):
        (tmp_path / "provenance.json").write_bytes(content)
        assert guidegen("ct", "--anatomy", anatomy, "--labels", "guidegen", "-o", tmp_path / "ct") == 2
        one_line(capsys.readouterr().err, "provenance.json", "repair it, or")
    assert generator.calls == [] and sorted(os.listdir(tmp_path)) == ["anatomy.nii.gz", "provenance.json"]


# ---------------------------------------------------------------- two runs, and Ctrl-C


@pytest.fixture
def other_run(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that writes into tmp_path / "case"."""
    code = (
        "import sys; from pathlib import Path; from GuideGenLib.core.files import staged\n"
        "with staged(Path(sys.argv[1]), alone=True): print('there', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, tmp_path / "case"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout.readline() == "there\n"
    yield process
    process.kill()
    process.wait()


def test_a_second_run_into_a_folder_is_refused_until_the_first_ends(
    guidegen: Run, generator, tmp_path: Path, other_run: "subprocess.Popen[str]", capsys
) -> None:
    case = tmp_path / "case"
    assert guidegen("generate", TEXT, "-o", case) == 2
    one_line(capsys.readouterr().err, f"another run works in {case}", "wait for its end")
    assert guidegen("edit", case, "add ascites") == 2
    assert "another run works in" in capsys.readouterr().err
    assert generator.calls == []
    assert len(os.listdir(case)) == 1, "the private folder of the first"
    other_run.kill()
    other_run.wait()
    assert guidegen("generate", TEXT, "-o", case) == 0
    assert set(FILES) <= set(os.listdir(case))


def test_ctrl_c_while_the_program_loads_is_one_line() -> None:
    code = """if True:
        import os, signal, sys
        class Impatient:
            @staticmethod
            def find_spec(name, *rest):
                if name == "GuideGenLib.cli.main":
                    os.kill(os.getpid(), signal.SIGINT)
        sys.meta_path.insert(0, Impatient)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        from GuideGenLib.cli.start import main
        main()
    """
    ended = started("-c", code, stdout=subprocess.PIPE)
    assert (ended.returncode, ended.stderr) == (130, "guidegen: cancelled, nothing was written\n")


def test_a_second_ctrl_c_does_not_keep_the_private_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remove = shutil.rmtree

    def interrupted(*arguments: Any, **options: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        remove(*arguments, **options)

    monkeypatch.setattr(shutil, "rmtree", interrupted)
    with pytest.raises(KeyboardInterrupt, match="the first"), staged(tmp_path / "deep" / "case") as private:
        (private / "half").write_text("half")
        raise KeyboardInterrupt("the first")
    assert os.listdir(tmp_path) == []
