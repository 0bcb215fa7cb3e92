#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/build-qemu with a source tree of a few lines: what it asks for, refuses, builds and checks."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import vgputest

TOOL = vgputest.SOURCE_DIR / "tools/build-qemu"
FIXTURES = vgputest.SOURCE_DIR / "tests/fixtures/qemu"

# A configure as QEMU's: it leaves a file where it runs, and a build in ninja with an `install`
CONFIGURE = """#!/bin/sh
touch config.log
if [ "$1" = --help ]; then
    echo '  kvm             KVM acceleration support'
    echo '  sdl             SDL user interface'
    echo '  sdl-image       SDL Image support for icons'
    echo '  --enable-fdt[=CHOICE]    the libfdt library'
    echo '  opengl          OpenGL support'
    exit 0
fi
echo "$@" >arguments
for word; do case $word in --prefix=*) prefix=${word#--prefix=} ;; esac; done
mkdir -p meson-info
echo "{\\"$PWD/qemu-system-x86_64\\": \\"\\", \\"/some/source/file\\": \\"\\"}" >meson-info/intro-installed.json
cat >build.ninja <<NINJA
rule run
  command = $RULE
rule install
  command = mkdir -p $prefix/bin && cp qemu-system-x86_64 $prefix/bin/
build qemu-system-x86_64: run
build a-test: run
build all: phony qemu-system-x86_64 a-test
build install: install all
NINJA
"""
# what its one object is: a QEMU that answers as the recorded one did
QEMU = """#!/bin/sh
case "$*" in
'-display help') cat '{fixtures}/displays-7.2.txt' ;;
'-L help') echo /usr/share/qemu ;;
*) cat '{fixtures}/answers-7.2.qmp' ;;
esac
"""


class BuildQemu(unittest.TestCase):
    def setUp(self):
        self.directory = Path(tempfile.mkdtemp(prefix="vgpuctl-build-"))
        self.addCleanup(shutil.rmtree, self.directory)
        self.source = self.directory / "qemu-9.9.9"
        self.prefix = self.directory / "opt"
        self.source.mkdir()
        self.put(self.source / "configure", CONFIGURE)
        self.put(self.source / "VERSION", "9.9.9\n")
        self.put(self.source / "qemu-options.hx", "")
        self.put(self.directory / "qemu", QEMU.format(fixtures=FIXTURES))
        self.put(self.directory / "bin/pkg-config", "#!/bin/sh\n[ \"$2\" != \"$ABSENT\" ]\n")
        for name in ("cc", "make"):
            self.put(self.directory / "bin" / name, "#!/bin/sh\n")
        self.rule = f"cp {self.directory}/qemu $out"

    def put(self, path, text):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def run_tool(self, *arguments, absent="none"):
        environment = dict(
            os.environ,
            PATH=f"{self.directory}/bin:{os.environ['PATH']}",
            ABSENT=absent,
            RULE=self.rule,
            VGPUCTL=vgputest.VGPUCTL,
            XDG_CACHE_HOME=str(self.directory),
            HOME=str(self.directory),
        )
        return subprocess.run(
            [TOOL, *map(str, arguments)], cwd=self.directory, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=vgputest.PATIENCE, check=False,
        )

    def test_builds_installs_and_checks(self):
        if shutil.which("ninja") is None:
            self.skipTest("ninja is not installed")
        done = self.run_tool(self.source, "--prefix", self.prefix, "--", "--extra")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("QEMU 7.2.22", done.stdout)
        self.assertIn(f"{self.prefix}/bin/qemu-system-x86_64", done.stdout)
        build = self.source / "build-vgpuctl"
        said = (build / "arguments").read_text(encoding="utf-8").split()
        self.assertEqual(
            said,
            ["--target-list=x86_64-softmmu", f"--prefix={self.prefix}", "--enable-kvm",
             "--enable-sdl", "--enable-opengl", "--disable-docs", "--disable-werror", "--extra"],
        )
        self.assertFalse((build / "a-test").exists(), "it built what is not installed")
        self.assertFalse((self.directory / "config.log").exists(), "it left files here")

    def test_a_build_that_fails(self):
        self.rule = "false"
        done = self.run_tool(self.source, "--prefix", self.prefix)
        self.assertEqual(done.returncode, 1)
        self.assertIn("the build failed", done.stderr)
        self.assertFalse(self.prefix.exists())

    def test_names_the_package_of_a_library(self):
        done = self.run_tool(self.source, "--prefix", self.prefix, absent="sdl2")
        self.assertEqual(done.returncode, 1)
        self.assertIn("apt install --no-install-recommends libsdl2-dev\n", done.stderr)

    def test_refuses_usr(self):
        for prefix in ("/usr", "/usr/", "/usr/local/.."):
            with self.subTest(prefix=prefix):
                done = self.run_tool(self.source, f"--prefix={prefix}", "--dry-run")
                self.assertEqual(done.returncode, 1)
                self.assertIn("overwrite", done.stderr)
        done = self.run_tool(self.source, "--prefix=/usr", "--force", "--dry-run")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("--prefix=/usr ", done.stdout)

    def test_prefix_of_its_own(self):
        done = self.run_tool(self.source, "--dry-run")
        home = "/opt" if os.geteuid() == 0 else f"{self.directory}/.local/opt"
        self.assertIn(f"--prefix={home}/qemu-9.9.9 ", done.stdout)

    def test_usage(self):
        for arguments, status, says in (
            ((), 2, "Usage"),
            (("a", "b"), 2, "Usage"),
            (("--no-such", "a"), 2, "unknown option --no-such"),
            ((self.directory,), 1, "is no QEMU source tree"),
            ((self.source, "--prefix", "relative"), 1, "must be an absolute path"),
        ):
            with self.subTest(arguments=arguments):
                done = self.run_tool(*arguments)
                self.assertEqual(done.returncode, status)
                self.assertIn(says, done.stderr)


if __name__ == "__main__":
    vgputest.main()
