"""The verifier is one file: it runs alone, outside the package, with the standard library and `cryptography`."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import custody.verify

from .builders import exported, key, leaves, note

SOURCE = Path(custody.verify.__file__)


def test_it_imports_nothing_but_the_standard_library_and_cryptography() -> None:
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add((node.module or "").split(".")[0])
    assert imported - set(sys.stdlib_module_names) == {"cryptography"}


class Desk:
    """The auditor's desk: a folder with the verifier, the key and a checkpoint kept from before."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copy(SOURCE, folder / "verify.py")
        bodies = leaves(9)
        self.put("export", exported(bodies, key()))
        self.put("key", key().vkey().encode() + b"\n")
        self.put("checkpoint", note(bodies[:5], key()).encode())

    def put(self, name: str, content: bytes) -> None:
        """Puts a file on the desk."""
        (self.folder / name).write_bytes(content)

    def run(self, *arguments: str) -> tuple[int, str]:
        """Exit code and what was said. `-I`: the package cannot be imported from there by accident."""
        done = subprocess.run(
            [sys.executable, "-I", "verify.py", *arguments],
            cwd=self.folder,
            capture_output=True,
            encoding="utf-8",
            env={"PYTHONUTF8": "1"},
            check=False,
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.process
def test_a_sound_export(desk: Desk) -> None:
    code, said = desk.run("export")
    assert (code, said.startswith("consistent, not authenticated: ")) == (0, True)
    code, said = desk.run("export", "--key", "key", "--checkpoint", "checkpoint")
    assert (code, said.startswith("consistent and authenticated: ")) == (0, True)
    assert said.endswith("continues the checkpoint held outside, at 5\n")


@pytest.mark.process
def test_a_broken_export(desk: Desk) -> None:
    desk.put("export", exported(leaves(4), key()))
    assert desk.run("export", "--key", "key")[0] == 0
    code, said = desk.run("export", "--key", "key", "--checkpoint", "checkpoint")
    assert (code, said) == (1, "broken: line 5: cut off at 4: the checkpoint held outside is over 5\n")
    desk.put("checkpoint", b"torn")
    code, said = desk.run("export", "--checkpoint", "checkpoint")
    assert code == 1
    assert said.startswith("broken: the checkpoint held outside: ")


@pytest.mark.process
def test_wrong_use(desk: Desk) -> None:
    assert desk.run("nowhere") == (2, "cannot read nowhere: No such file or directory\n")
    assert desk.run()[0] == 2
    desk.put("key", b"archive.example/books+00000000+AAAA\n")
    code, said = desk.run("export", "--key", "key")
    assert (code, said.startswith("cannot use the key: ")) == (2, True)


def test_long_key_files_are_not_read_whole(desk: Desk) -> None:
    desk.put("key", b"a" * 100_000)
    with pytest.raises(custody.verify.Broken, match="too long for a key"):
        custody.verify.verify_files(desk.folder / "export", desk.folder / "key")
