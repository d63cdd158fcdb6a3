"""The documentation of the Swift libraries, converted with DocC (deploy/docs) from the modules as they were built."""

import pathlib
import subprocess
import sys

from documents import ROOT
from workers import built

LIBRARIES = {path.stem for path in ROOT.glob("Sources/*/*.docc")}


def test_everything_public_is_documented_and_each_link_leads_somewhere(binary, tmp_path):
    programs = pathlib.Path(built("FrontDesk")).parent
    done = subprocess.run(
        [sys.executable, ROOT / "deploy" / "docs", "--build", programs, tmp_path], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=300, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SojournClient" in LIBRARIES
    for library in LIBRARIES:
        pages = tmp_path / f"{library}.doccarchive" / "data" / "documentation"
        assert (pages / f"{library.lower()}.json").exists()
