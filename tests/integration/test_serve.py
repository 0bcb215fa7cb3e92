#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""vgpuctl serve with VMs, without a browser."""

import json
import os
import re
import signal

import vgputest
from vgpuvm import LIGHT, VmTest
from vgpuweb import WebServer

NO_VM, NO_DISPLAY = 4001, 4002  # web-bridge.h


class ServeTest(VmTest):
    def start_vm(self, name, *words):
        self.person.good("run", "--detach", "--name", name, *LIGHT, *words, self.person.disk(f"{name}.raw"))

    def serve(self, *words):
        running = self.person.start("serve", *words)
        return running, WebServer.at(running.wait_for(r"http://\S+(?=\n)")[0])

    def test_no_vm(self):
        self.person.refused(1, "No VM runs; vgpuctl run --display vnc starts one", "serve")
        self.person.refused(1, "'none'", "serve", "none")
        self.person.refused(2, "1 of|nonsense", "serve", "--nonsense")

    def test_serve(self):
        self.start_vm("first", "--display", "vnc")
        self.start_vm("hidden", "--display", "none")
        self.person.refused(1, r"VM 'hidden' \(no display\) is none .*--display vnc", "serve",
                            "hidden")
        self.person.refused(1, "0.0.0.0:1 |Listening|address", "serve", "--listen", "256.0.0.1:1")
        running, server = self.serve()
        self.assertEqual(server.fragment, "")
        server.enter()
        page = server.get(f"{server.prefix}vms.json")[2]
        self.assertEqual([vm["name"] for vm in json.loads(page)], ["first"])
        viewer = server.websocket("first")
        self.addCleanup(viewer.close)
        self.assertEqual(viewer.receive_bytes(12), b"RFB 003.008\n")
        self.person.good("stop", "--force", "first")
        self.assertIn(viewer.close_code(), (NO_VM, NO_DISPLAY))
        while json.loads(server.get(f"{server.prefix}vms.json")[2]):
            pass
        running.send(signal.SIGINT)
        self.assertEqual(running.wait(), 0)
        self.person.good("stop", "--force", "hidden")
        self.person.check_nothing_left()

    def test_one_with_json(self):
        self.start_vm("only", "--display", "vnc")
        running = self.person.start("serve", "only", "--json")
        answer = json.loads(running.wait_for(r"\{.*\}(?=\n)")[0])
        self.assertRegex(answer["url"], r"^http://127\.0\.0\.1:\d+/[\w-]+/\?token=[\w-]+#only$")
        self.assertEqual((answer["vms"], answer["fingerprint"]), (["only"], None))
        running.send(signal.SIGTERM)
        self.assertEqual(running.wait(), 0)
        self.person.good("stop", "--force", "only")

    def test_server_ends(self):
        """It is heard for as long as it lives, and its last words say why it ended."""
        self.start_vm("only", "--display", "vnc")
        programs = self.person.directory / "programs"
        programs.mkdir()
        server = programs / "web"
        server.write_text("#!/bin/sh\necho http://127.0.0.1:1/; echo\n"
                          "head -c 200000 /dev/zero | tr '\\0' x | fold -w 100 >&2; echo >&2\n"
                          "echo 'no more files' >&2\nexit 1\n", encoding="ascii")
        server.chmod(0o755)
        running = self.person.start("serve", "only", extra={"VGPUCTL_LIBEXECDIR": str(programs)})
        self.assertEqual(running.wait(), 1)
        self.assertIn("web: xxxx", running.text)
        self.assertIn("The web server has ended: no more files", running.text)
        self.person.good("stop", "--force", "only")

    def test_open(self):
        """The address is in no command line, but in a file that only its user can read."""
        self.start_vm("only", "--display", "vnc")
        tools = self.person.directory / "tools"
        tools.mkdir()
        opened = self.person.directory / "home" / "opened"
        opener = tools / "xdg-open"
        opener.write_text(f'#!/bin/sh\nstat -c %a "$1" >{opened}.new; cat "$1" >>{opened}.new\n'
                          f"mv {opened}.new {opened}\n", encoding="ascii")
        opener.chmod(0o755)
        running = self.person.start("serve", "only", "--open",
                                    extra={"PATH": f"{tools}:{os.environ['PATH']}"})
        url = running.wait_for(r"http://\S+(?=\n)")[0]
        while not opened.exists():
            self.assertIsNone(running.process.poll(), running.text)
        text = opened.read_text(encoding="ascii")
        self.assertRegex(text, r"^600\n")
        self.assertIn(re.sub("&", "&amp;", url), text)
        running.send(signal.SIGINT)
        self.assertEqual(running.wait(), 0)
        self.assertEqual(list(self.person.directory.rglob("serve-*.html")), [])
        self.person.good("stop", "--force", "only")


if __name__ == "__main__":
    vgputest.main()
