"""Lets the tests of this folder import its modules, and those of the conformance tests."""

import pathlib
import sys

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "ConformanceTests")]
