#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The page of `vgpuctl serve` in Chromium: it moves, it takes keys, it comes back.

What the page looked like stays in the build directory as browser-*.png.
"""

import base64
import json
import os
import re
import signal
import time
from pathlib import Path

import vgputest
from vgpubrowser import Browser
from vgpucolours import LIGHT_BLUE, LIGHT_MAGENTA, RED, disk_of, near
from vgpurfb import Display
from vgpuvm import LIGHT, VmTest
from vgpuweb import WebServer

CONTROL, ALT = 2, 1  # modifiers of Input.dispatchKeyEvent

PIXEL = """(() => {
    const canvas = document.querySelector("#screen canvas");
    if (!canvas || canvas.height < 100) return null;
    const at = canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height * %s, 1, 1);
    return [...at.data.slice(0, 3)];
})()"""
UPPER, LOWER = PIXEL % 0.25, PIXEL % 0.75
STATE = "document.body?.dataset.state"


class BrowserTest(VmTest):
    def setUp(self):
        super().setUp()
        self.browser = Browser(self)

    def start_vm(self, name):
        self.person.good("run", "--detach", "--name", name, *LIGHT, "--display", "vnc",
                         disk_of(self.person, name))

    def serve(self, *names):
        running = self.person.start("serve", *names)
        return running, running.wait_for(r"http://\S+(?=\n)")[0]

    def wait_for_state(self, word):
        self.browser.wait_for(f'{STATE} === "{word}"')

    def wait_for_colour(self, expression, wanted):
        deadline = time.monotonic() + vgputest.PATIENCE
        while not near(colour := self.browser.evaluate(expression), wanted):
            self.assertLess(time.monotonic(), deadline, f"{colour}, not {wanted}")
            time.sleep(0.1)

    def check_moves(self):
        first = self.browser.wait_for(LOWER)
        self.browser.wait_for(f"JSON.stringify({LOWER}) !== '{json.dumps(first, separators=(',', ':'))}'")

    def keep(self, name):
        self.browser.screenshot(vgputest.BUILD_DIR / f"browser-{name}.png")

    def focus(self):
        return self.browser.evaluate("document.activeElement.id || document.activeElement.tagName")

    def test_one_vm(self):
        self.start_vm("moving")
        running, url = self.serve("moving")
        self.browser.open(url)
        self.wait_for_state("shown")
        self.assertNotIn("token", self.browser.evaluate("location.href"))
        self.check_moves()
        self.check_keys()
        self.check_bar()
        self.check_statistics()
        self.keep("vm")
        self.check_restart("moving")
        self.check_end_and_return(running)
        self.assertEqual(self.browser.complaints, [])

    def check_keys(self):
        self.browser.key("Enter", "Enter", 13, "\r")
        self.wait_for_colour(UPPER, LIGHT_MAGENTA)
        # as a person does it: the modifier goes down before and up behind
        for kind, modifiers in (("rawKeyDown", CONTROL), ("keyUp", 0)):
            self.browser.call("Input.dispatchKeyEvent", type=kind, key="Control", code="ControlLeft",
                              windowsVirtualKeyCode=17, modifiers=modifiers)
            if kind == "rawKeyDown":
                self.browser.key("d", "KeyD", 68, modifiers=CONTROL)
        self.wait_for_colour(UPPER, RED)

    def check_bar(self):
        """By keyboard alone."""
        self.assertEqual(self.focus(), "CANVAS")
        self.browser.key("m", "KeyM", 77, modifiers=CONTROL | ALT)
        self.assertEqual(self.focus(), "size")
        self.browser.key("Escape", "Escape", 27)
        self.assertEqual(self.focus(), "CANVAS")
        self.browser.evaluate('document.getElementById("text").click()')
        self.assertEqual(self.focus(), "text-content")
        self.browser.call("Input.insertText", text="\t")
        self.keep("text")
        self.browser.evaluate('document.querySelector("#text-panel [type=submit]").click()')
        self.wait_for_colour(UPPER, LIGHT_BLUE)
        self.assertEqual(self.focus(), "CANVAS")

    def check_statistics(self):
        self.browser.wait_for(r"""/^\d+×\d+ · [1-9]\d* fps · [\d.]+ k?M?B\/s$/.test(
            document.getElementById("statistics").textContent)""")

    def check_restart(self, name):
        """The VM goes on without its display server, which comes back, and so does the picture."""
        display = [pid for pid in self.person.processes()
                   if "/display\0" in (words := Path(f"/proc/{pid}/cmdline").read_text())
                   and f"--name\0{name}\0" in words]
        self.assertEqual(len(display), 1, display)
        self.browser.evaluate("""globalThis.states = [];
            new MutationObserver(() => states.push(document.body.dataset.state))
                .observe(document.body, { attributeFilter: ["data-state"] })""")
        os.kill(display[0], signal.SIGKILL)
        self.browser.wait_for('globalThis.states.at(-1) === "shown"')
        self.assertIn("restarting", self.browser.evaluate("states"))
        self.check_moves()

    def check_end_and_return(self, running):
        self.person.good("stop", "--force", "moving")
        self.wait_for_state("ended")
        self.keep("ended")
        self.start_vm("moving")
        self.wait_for_state("shown")
        self.check_moves()
        running.send(signal.SIGINT)
        self.assertEqual(running.wait(), 0)
        self.wait_for_state("gone")
        self.assertEqual(self.browser.evaluate("document.getElementById('message').dataset.waits"),
                         "no", "whoever has the port next is asked")
        self.keep("gone")
        self.browser.complaints = [text for text in self.browser.complaints
                                   if "ERR_CONNECTION_REFUSED" not in text]
        self.person.good("stop", "--force", "moving")

    def frame(self):
        """The number that the server drew into the picture that the page shows; before the first
        picture, and between two, there is none."""
        picture = self.person.directory / "canvas.png"
        deadline = time.monotonic() + vgputest.PATIENCE
        while True:
            url = self.browser.evaluate('document.querySelector("#screen canvas").toDataURL()')
            picture.write_bytes(base64.b64decode(url.split(",")[1]))
            strip, reason = vgputest.read_strip(picture)
            if strip:
                self.assertEqual((strip["width"], strip["height"]), (1280, 800))
                return strip["frame"]
            self.assertLess(time.monotonic(), deadline, reason)

    def test_animation(self):
        """Full motion, lossy and as sharp as can be."""
        display = Display("full,rate=20")
        self.addCleanup(display.close)
        self.assertTrue(display.is_ready)
        server = WebServer(self, "--vnc-socket", display.path, "--name", "trial")
        self.browser.open(server.url)
        self.wait_for_state("shown")
        for quality in ("2", "9"):
            self.browser.evaluate(f"""(() => {{
                const choice = document.getElementById("quality");
                choice.value = "{quality}";
                choice.dispatchEvent(new Event("change"));
            }})()""")
            first = self.frame()
            while self.frame() <= first:
                pass
        self.check_statistics()
        self.keep("animation")
        self.assertEqual(self.browser.complaints, [])

    def test_run_with_display_web(self):
        """`run` serves the page itself."""
        said = self.person.good("run", "--detach", "--name", "alone", *LIGHT, "--display", "web",
                                disk_of(self.person, "alone"))
        url = re.search(r"http://\S+", said) or re.search(
            r"http://\S+", self.person.vm("alone")["watch"] or "")
        self.assertIsNotNone(url, said)
        self.browser.open(url[0])
        self.wait_for_state("shown")
        self.check_moves()
        self.person.good("stop", "--force", "alone")
        self.wait_for_state("gone")

    def test_list(self):
        self.start_vm("one")
        self.start_vm("two")
        running, url = self.serve()
        self.browser.open(url)
        self.browser.wait_for('document.querySelectorAll(".card canvas").length === 2')
        self.browser.wait_for("""[...document.querySelectorAll(".card canvas")].every(
            (canvas) => canvas.width > 100)""")
        self.keep("list")
        self.person.good("stop", "--force", "one")
        self.browser.wait_for('document.querySelectorAll(".card").length === 1')
        self.browser.evaluate('document.querySelector(".card").click()')
        self.wait_for_state("shown")
        self.check_moves()
        # another browser, with the same address
        self.browser.call("Network.clearBrowserCookies")
        self.browser.open("about:blank")
        self.browser.open(url)
        self.browser.wait_for('document.body?.innerText.includes("used already")')
        self.keep("refused")
        running.send(signal.SIGINT)
        self.assertEqual(running.wait(), 0)
        self.person.good("stop", "--force", "two")


if __name__ == "__main__":
    vgputest.main()
