#!/usr/bin/env python3
"""format: every C file is as clang-format would write it. Skipped (77) where the tool is missing."""
import shutil
import subprocess
import sys

from tree import TOP, c_files


def main():
    if shutil.which("clang-format") is None:
        print("clang-format is not installed")
        return 77
    return subprocess.run(["clang-format", "--dry-run", "--Werror", *c_files()], cwd=TOP,
                          check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
