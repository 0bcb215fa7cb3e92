# SPDX-License-Identifier: LGPL-2.1-or-later
"""Chromium without a screen, driven through its debugging WebSocket."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest
import urllib.parse
import urllib.request
from pathlib import Path

import vgputest
from vgpuweb import TEXT, WebSocket

NAMES = ("chromium", "chromium-browser", "google-chrome")


class Browser:
    """One page of a browser of its own. Skips the test where there is none."""

    def __init__(self, case, width=1280, height=842):
        program = next(filter(None, map(shutil.which, NAMES)), None)
        if program is None:
            raise unittest.SkipTest("no Chromium is installed (package chromium)")
        temporary = tempfile.TemporaryDirectory(prefix="vgpu-browser-", ignore_cleanup_errors=True)
        case.addCleanup(temporary.cleanup)
        words = [program, "--headless=new", "--remote-debugging-port=0", "--no-first-run",
                 f"--user-data-dir={temporary.name}", "--disable-gpu", "--hide-scrollbars",
                 "--disable-dev-shm-usage", "--disable-background-networking",
                 "--disable-component-update", "--mute-audio", f"--window-size={width},{height}"]
        if os.geteuid() == 0:
            words.append("--no-sandbox")
        self.process = subprocess.Popen([*words, "about:blank"], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True)
        case.addCleanup(self.close)
        self.number = 0
        self.complaints = []  # what the page said on its console as errors
        port = self._wait_for_port(Path(temporary.name) / "DevToolsActivePort")
        self.page = self._open_page(port)
        self.call("Page.enable")
        self.call("Runtime.enable")
        self.call("Log.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)

    def _wait_for_port(self, path):
        deadline = time.monotonic() + vgputest.PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            text = path.read_text(encoding="ascii") if path.exists() else ""
            if "\n" in text:
                return int(text.split("\n")[0])
            time.sleep(0.05)
        raise unittest.SkipTest("Chromium does not start here")

    @staticmethod
    def _open_page(port):
        deadline = time.monotonic() + vgputest.PATIENCE
        while True:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=60) as answer:
                pages = [page for page in json.load(answer) if page["type"] == "page"]
            if pages:
                break
            assert time.monotonic() < deadline
            time.sleep(0.05)
        path = urllib.parse.urlsplit(pages[0]["webSocketDebuggerUrl"]).path
        return WebSocket("127.0.0.1", port, path, [("Host", f"127.0.0.1:{port}")])

    def close(self):
        self.page and self.page.close()
        self.process.kill()
        self.process.wait()

    page = None

    def call(self, method, **parameters):
        self.number += 1
        self.page.send(json.dumps({"id": self.number, "method": method,
                                   "params": parameters}).encode(), TEXT)
        while True:
            message = json.loads(self.page.receive()[1])
            if message.get("method") == "Log.entryAdded":
                entry = message["params"]["entry"]
                if entry["level"] == "error":
                    self.complaints.append(f"{entry['text']} {entry.get('url', '')}")
            elif message.get("method") == "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(message["params"]["exceptionDetails"]))
            if message.get("id") == self.number:
                if "error" in message:
                    raise AssertionError(f"{method}: {message['error']}")
                return message["result"]

    def open(self, url):
        self.call("Page.navigate", url=url)

    def evaluate(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait_for(self, expression):
        """Waits until the expression is true; returns its value."""
        deadline = time.monotonic() + vgputest.PATIENCE
        while not (value := self.evaluate(expression)):
            if time.monotonic() > deadline:
                raise AssertionError(f"never: {expression}; the page says {self.complaints}, "
                                     f"{self.evaluate('document.body.innerText')!r}")
            time.sleep(0.1)
        return value

    def key(self, key, code, keycode, text=None, modifiers=0):
        for kind in ("keyDown" if text else "rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=code, modifiers=modifiers,
                      windowsVirtualKeyCode=keycode, **({"text": text} if text else {}))

    def screenshot(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        Path(path).write_bytes(base64.b64decode(data))
