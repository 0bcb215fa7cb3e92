// SPDX-License-Identifier: LGPL-2.1-or-later
// The page: which VM is in the address behind '#'; without one, all of them.

import List from "./list.js";
import Screen from "./screen.js";
import { releaseModifiers, typeText } from "./keys.js";
import { mayReturn } from "./vms.js";

const STATISTICS_MS = 1000;
const HINT_MS = 5000;
const DEFAULTS = { size: "fit", quality: "6" };
const WORDS = "vgpuctl";

const get = (id) => document.getElementById(id);
let screen = null;
let list = null;
let settings = { ...DEFAULTS };

// state: what the dot shows; waits: whether it goes on by itself; over: in front of the picture
const messages = {
    connecting: { state: "waiting", word: "connecting", title: "Connecting", waits: true },
    shown: { state: "shown", word: "connected" },
    restarting: {
        state: "waiting", word: "reconnecting", title: "The display is away", waits: true,
        text: "It is started again while the VM runs; the picture comes back by itself.",
    },
    ended: {
        state: "ended", word: "ended", title: "The screen has ended", waits: true,
        text: "The VM has ended, or its display server has: vgpuctl ps and vgpuctl logs tell. When the VM is started again, its screen appears here.",
    },
    busy: {
        state: "ended", word: "too many viewers", title: "Too many viewers", waits: true,
        text: "Close another window that shows a VM.",
    },
    gone: {
        state: "ended", word: "no server", title: "The server has gone", waits: mayReturn,
        text: "It, or the VM it belongs to, has ended. Run vgpuctl serve again and open the address it prints.",
    },
    refused: {
        state: "ended", word: "not let in", title: "This session is over",
        text: "Run vgpuctl serve again and open the address it prints.",
    },
    complaint: { state: "ended", word: "refused", title: "The display does not let us in", waits: true },
    list: { state: "shown", word: "" },
    empty: {
        state: "waiting", word: "", title: "No VM runs", waits: true,
        text: "One that is started with vgpuctl run appears here.",
    },
};

function say(word, more) {
    const message = messages[word];
    get("state").textContent = message.word;
    get("state").dataset.state = message.state;
    get("message").hidden = !message.title;
    get("message").dataset.waits = message.waits ? "yes" : "no";
    get("message-title").textContent = message.title ?? "";
    get("message-text").textContent = more ?? message.text ?? "";
    get("message-home").hidden = !screen || ["gone", "refused"].includes(word);
    get("tools").hidden = word !== "shown";
    if (word === "shown") {
        hint();
    } else {
        get("statistics").textContent = "";
        get("hint").classList.remove("shown");
        closeText();
    }
    document.body.dataset.state = word;
}

let hinted = false;
function hint() {
    if (!hinted) {
        hinted = true;
        get("hint").classList.add("shown");
        setTimeout(() => get("hint").classList.remove("shown"), HINT_MS);
    }
}

function open() {
    screen?.stop();
    list?.stop();
    screen = list = null;
    closeText();
    get("statistics").textContent = "";
    const name = decodeURIComponent(location.hash.slice(1));
    get("name").textContent = name || WORDS;
    document.title = name ? `${name} - ${WORDS}` : WORDS;
    if (!name) {
        list = new List(get("list"), say);
        return;
    }
    screen = new Screen(get("screen"), name, settings, say);
    screen.addEventListener("copied", (event) => {
        get("text-content").value = event.detail;
    });
}

function amount(bytes) {
    const units = ["B", "kB", "MB", "GB"];
    let unit = 0;
    while (bytes >= 1000 && unit < units.length - 1) {
        bytes /= 1000;
        unit++;
    }
    return `${bytes.toFixed(unit > 1 ? 1 : 0)} ${units[unit]}/s`;
}

let last = null;
function showStatistics() {
    const connection = screen?.connection;
    const now = performance.now();
    if (connection?.rfb && last?.connection === connection && document.body.dataset.state === "shown") {
        const seconds = (now - last.now) / 1000;
        const frames = Math.round((connection.frames - last.frames) / seconds);
        const bytes = (connection.bytes - last.bytes) / seconds;
        get("statistics").textContent = `${connection.size} · ${frames} fps · ${amount(bytes)}`;
    }
    last = connection && { connection, now, frames: connection.frames, bytes: connection.bytes };
}

function loadSettings() {
    try {
        settings = { ...DEFAULTS, ...JSON.parse(localStorage.getItem("vgpuctl")) };
    } catch {
        // none, or not ours
    }
    for (const name of ["size", "quality"]) {
        get(name).value = settings[name];
        get(name).addEventListener("change", () => {
            settings = { ...settings, [name]: get(name).value };
            localStorage.setItem("vgpuctl", JSON.stringify(settings));
            screen?.apply(settings);
        });
    }
}

function closeText() {
    get("text-panel").hidden = true;
    get("text").setAttribute("aria-expanded", "false");
}

function toGuest() {
    closeText();
    screen?.rfb?.focus();
}

function toBar() {
    if (screen?.rfb) {
        releaseModifiers(screen.rfb);
        get("size").focus();
    }
}

async function toggleFull() {
    if (document.fullscreenElement) {
        await document.exitFullscreen();
        return;
    }
    await document.documentElement.requestFullscreen({ navigationUI: "hide" });
    navigator.keyboard?.lock?.().catch(() => {}); // Esc, Alt+Tab: the guest's, where browsers can
    toGuest();
}

function listen() {
    get("full").addEventListener("click", toggleFull);
    get("cad").addEventListener("click", () => {
        screen?.rfb?.sendCtrlAltDel();
        toGuest();
    });
    get("text").addEventListener("click", () => {
        const opens = get("text-panel").hidden;
        get("text-panel").hidden = !opens;
        get("text").setAttribute("aria-expanded", String(opens));
        (opens ? get("text-content") : get("text")).focus();
    });
    get("text-panel").addEventListener("submit", (event) => {
        event.preventDefault();
        const rfb = screen?.rfb;
        const text = get("text-content").value;
        toGuest();
        if (rfb) {
            typeText(rfb, text);
        }
    });
    get("text-paste").addEventListener("click", () => {
        screen?.rfb?.clipboardPasteFrom(get("text-content").value);
        toGuest();
    });
    // before noVNC sees it
    addEventListener("keydown", (event) => {
        const inGuest = get("screen").contains(document.activeElement);
        if (event.ctrlKey && event.altKey && event.code === "KeyM") {
            event.preventDefault();
            event.stopImmediatePropagation();
            toBar();
        } else if (event.key === "Escape" && !inGuest && screen) {
            event.preventDefault();
            toGuest();
        }
    }, { capture: true });
    addEventListener("hashchange", open);
}

// the token is void now: out of the address, so that it is in no bookmark
history.replaceState(null, "", location.pathname + location.hash);
loadSettings();
listen();
setInterval(showStatistics, STATISTICS_MS);
open();
