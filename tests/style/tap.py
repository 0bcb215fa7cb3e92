# SPDX-License-Identifier: LGPL-2.1-or-later
"""TAP output for the tests in Python, and the files of the tree they look at."""

import fnmatch
import os
import pathlib
import sys
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
VENDORED = {pathlib.Path("web/novnc")}  # others' files, kept as they came


class Skip(Exception):
    """Raised by a test that cannot run here; its text is the reason."""


def run(*tests):
    """Runs functions that return a list of complaints (or None) and prints TAP. Does not return."""
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    print(f"1..{len(tests)}")
    bad = 0
    for number, test in enumerate(tests, 1):
        name = f"{number} /style/{test.__name__.replace('_', '-')}"
        try:
            complaints = test() or []
        except Skip as reason:
            print(f"ok {name} # SKIP {reason}")
            continue
        except Exception:  # one broken test must not hide the others
            complaints = traceback.format_exc().splitlines()
        bad += bool(complaints)
        for complaint in complaints:
            print(f"# {complaint}")
        print(f"{'not ok' if complaints else 'ok'} {name}")
    sys.exit(1 if bad else 0)


def _ignore_patterns():
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    return [line.rstrip("/") for line in lines if line and not line.startswith("#")]


def _ignored(relative, patterns):
    return any(
        fnmatch.fnmatch(f"/{relative}", pattern)
        if "/" in pattern
        else fnmatch.fnmatch(os.path.basename(relative), pattern)
        for pattern in patterns
    )


def tree_files():
    """Every file of the tree that .gitignore does not name and that is ours, as sorted relative
    paths. It works in a release without .git, too."""
    patterns = [".git"] + _ignore_patterns()
    found = []
    for directory, names, files in os.walk(ROOT):
        base = pathlib.Path(directory).relative_to(ROOT)
        names[:] = [
            name
            for name in names
            if base / name not in VENDORED and not _ignored(str(base / name), patterns)
        ]
        found += [base / name for name in files if not _ignored(str(base / name), patterns)]
    return sorted(found)


def read_text(relative):
    """The text of a file of the tree, or None when it is binary."""
    data = (ROOT / relative).read_bytes()
    if b"\0" in data:
        return None
    return data.decode("utf-8", errors="replace")


def c_files():
    return [path for path in tree_files() if path.suffix in (".c", ".h")]


def interpreter(relative):
    """The first line of a script, "" for any other file."""
    with open(ROOT / relative, "rb") as file:
        first = file.readline(200)
    return first.decode("utf-8", errors="replace").strip() if first.startswith(b"#!") else ""
