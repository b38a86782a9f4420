"""What is built holds all that a user needs, and works without the checkout."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PACKAGES = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


@pytest.fixture(scope="module")
def release() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", ROOT / "tools" / "release.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def built(release: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Wheel and sdist."""
    wheel, sdist = release.build(ROOT, tmp_path_factory.mktemp("dist"))
    return wheel, sdist


def test_the_wheel_has_every_file_of_the_packages_and_no_other(built: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(built[0]) as wheel:
        packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    here = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == here
    assert {f"{package}/py.typed" for package in PACKAGES} | {"migrations/script.py.mako"} <= packed


def test_the_sdist_builds_the_very_same_wheel(release: ModuleType, built: tuple[Path, Path], tmp_path: Path) -> None:
    wheel, sdist = built
    assert release.rebuilt(sdist, tmp_path).read_bytes() == wheel.read_bytes()


@pytest.mark.thorough
def test_the_wheel_makes_a_warehouse_where_there_is_no_checkout(built: tuple[Path, Path], tmp_path: Path) -> None:
    target, folder = tmp_path / "installed", tmp_path / "user"
    folder.mkdir()
    with zipfile.ZipFile(built[0]) as wheel:
        wheel.extractall(target)
    environment = {**os.environ, "PYTHONPATH": str(target)}
    where = "import flowmart, sys; sys.stdout.write(flowmart.__file__)"
    for command, said in (
        (["-c", where], str(target / "flowmart")),
        (["-m", "flowmart", "init", "--jira-url", "https://acme.example", "--timezone", "UTC"], "flowmart.toml"),
        (["-m", "flowmart", "migrate"], "the warehouse is at revision"),
    ):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=folder,
            env=environment | {"ACME_JIRA_TOKEN": "made-up"} if "migrate" in command else environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert said in done.stdout, done.stderr
    assert (folder / "flowmart.db").exists()


@pytest.mark.parametrize("name", ["requirements.lock", "runtime.lock", "release.lock"])
def test_what_is_locked_has_hashes_and_names_no_address(name: str) -> None:
    lines = (ROOT / name).read_text("utf-8").splitlines()
    assert all(line.startswith(" ") or "==" in line for line in lines)
    assert sum("--hash=sha256:" in line for line in lines) >= sum("==" in line for line in lines) > 40
    assert not any("://" in line or line.lstrip().startswith(("-i", "--index")) for line in lines)


def test_users_get_the_versions_that_developers_test() -> None:
    def versions(name: str) -> set[str]:
        return {line.split(" ")[0] for line in (ROOT / name).read_text("utf-8").splitlines() if "==" in line}

    assert versions("runtime.lock") <= versions("requirements.lock")


def test_an_audit_tells_what_is_vulnerable_and_what_nobody_knows(release: ModuleType) -> None:
    found = {"id": "PYSEC-2026-1", "fix_versions": ["1.2.1"]}
    report = {
        "dependencies": [
            {"name": "good", "version": "1.0", "vulns": []},
            {"name": "bad", "version": "1.2", "vulns": [found]},
            {"name": "unknown", "skip_reason": "Dependency not found"},
        ]
    }
    assert release.unaudited(report) == (["bad 1.2: PYSEC-2026-1, mended in 1.2.1"], ["unknown"])
