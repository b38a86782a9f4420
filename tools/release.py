"""Makes a release in dist/: sdist and wheel, tried as a user would, their dependencies audited, and an SBOM.

    ./dev release [--no-audit] [--no-walk]

What it needs beside this checkout stands in `release.lock` and is installed in `.venv-release`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
TOOLS = ROOT / ".venv-release" / "bin"
DEVELOPERS_LOCK, USERS_LOCK = "requirements.lock", "runtime.lock"


class NotReleased(Exception):  # noqa: N818 - a state, as the house names them
    """Why there is no release, and what to do."""


def build(root: Path, to: Path) -> tuple[Path, Path]:
    """Wheel and sdist of the tree `root`, in `to`."""
    _do([sys.executable, "-m", "hatchling", "build", "--directory", str(to)], cwd=root)
    (wheel,), (sdist,) = to.glob("*.whl"), to.glob("*.tar.gz")
    return wheel, sdist


def rebuilt(sdist: Path, to: Path) -> Path:
    """The wheel that somebody builds who has the sdist only."""
    with tarfile.open(sdist) as packed:
        packed.extractall(to / "source", filter="data")
    (source,) = (to / "source").iterdir()
    _do([sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(to)], cwd=source)
    (wheel,) = to.glob("*.whl")
    return wheel


def unaudited(report: Mapping[str, object]) -> tuple[list[str], list[str]]:
    """(What is known to be vulnerable, what nobody could be asked about) in pip-audit's report."""
    vulnerable, unknown = [], []
    for one in report["dependencies"]:  # type: ignore[attr-defined]  # JSON
        if "skip_reason" in one:
            unknown.append(one["name"])
        for found in one.get("vulns", ()):
            mended = ", ".join(found["fix_versions"]) or "no version yet"
            vulnerable.append(f"{one['name']} {one['version']}: {found['id']}, mended in {mended}")
    return vulnerable, unknown


def _audit() -> None:
    """Ask about everything that is locked, the tools of developers too."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "audit.json"
        options = ["--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
        command = [str(TOOLS / "pip-audit"), "--requirement", DEVELOPERS_LOCK, *options, "--output", str(path)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own
        report = json.loads(path.read_text("utf-8")) if path.exists() else None
    if report is None:
        said = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise NotReleased(f"the audit service cannot be asked: {said}; try again, or release with --no-audit")
    vulnerable, unknown = unaudited(report)
    if vulnerable:
        raise NotReleased("\n".join(["vulnerable; raise them by ./dev lock:", *vulnerable]))
    if unknown:
        raise NotReleased(
            f"the audit service tells nothing of {len(unknown)} of {len(report['dependencies'])} packages, such as "
            f"{unknown[0]}: it is a mirror without advisories, or cannot be reached; release with --no-audit to go on"
        )
    _tell(f"audited {len(report['dependencies'])} locked packages: nothing known against them")


def _try(wheel: Path) -> None:
    """Install the wheel into an empty environment, with whatever of its dependencies is newest, and walk."""
    with TemporaryDirectory(prefix="flowmart-release-") as folder:
        place = Path(folder) / "venv"
        venv.create(place, with_pip=True)
        pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _do([*pip, str(wheel)], cwd=Path(folder))
        _do([sys.executable, str(ROOT / "tools" / "walk.py"), str(place / "bin" / "flowmart")], cwd=Path(folder))


def _bill_of_materials(version: str) -> Path:
    """What a user's installation consists of, as CycloneDX."""
    path = DIST / f"flowmart-{version}.cdx.json"
    options = ["--pyproject", "pyproject.toml", "--mc-type", "application", "--output-reproducible"]
    _do([str(TOOLS / "cyclonedx-py"), "requirements", *options, "--output-file", str(path), USERS_LOCK], cwd=ROOT)
    return path


def _do(command: Sequence[str], *, cwd: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own commands
        command, cwd=cwd, env={**os.environ, "SOURCE_DATE_EPOCH": _epoch()}, check=False
    )
    if done.returncode:
        raise NotReleased(f"{' '.join(command)} ended with {done.returncode}; what it says stands above")


def _epoch() -> str:
    """The instant of the last commit: what is built twice from one commit is the same, byte by byte."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return given
    git = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    return subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip() or "315532800"  # noqa: S603


def _tell(text: str) -> None:
    print(f"release: {text}", flush=True)


def release(*, audit: bool, walk: bool) -> None:
    """All of it. Raises `NotReleased`."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    shutil.rmtree(DIST, ignore_errors=True)
    wheel, sdist = build(ROOT, DIST)
    with TemporaryDirectory() as folder:
        if rebuilt(sdist, Path(folder)).read_bytes() != wheel.read_bytes():
            raise NotReleased("the sdist builds another wheel; compare them, and [tool.hatch.build.targets.sdist]")
    _tell(f"built {wheel.name} and {sdist.name}, which builds the same wheel")
    _do([str(TOOLS / "twine"), "check", "--strict", str(wheel), str(sdist)], cwd=ROOT)
    _tell(f"wrote {_bill_of_materials(version).name}")
    if walk:
        _try(wheel)
    if audit:
        _audit()
    else:
        _tell("NOT audited, as --no-audit wants")
    for path in sorted(DIST.iterdir()):
        _tell(f"dist/{path.name}  {path.stat().st_size:,} bytes")


def main(arguments: Sequence[str]) -> int:
    """Release as the arguments say; gives the exit code."""
    parser = argparse.ArgumentParser(prog="./dev release", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--no-audit", action="store_true", help="where the audit service cannot be reached")
    parser.add_argument("--no-walk", action="store_true", help="do not install and try the wheel")
    wanted = parser.parse_args(arguments)
    try:
        release(audit=not wanted.no_audit, walk=not wanted.no_walk)
    except NotReleased as reason:
        print(f"release: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
