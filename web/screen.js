// SPDX-License-Identifier: LGPL-2.1-or-later
// One VM in the whole window: connects again whenever its display was started anew.

import Connection, { CLOSE_BUSY, CLOSE_NO_VM } from "./connection.js";
import { fetchVms, mayReturn } from "./vms.js";

const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 4000;

export default class Screen extends EventTarget {
    // `say` gets a word of main.js's messages
    constructor(element, name, settings, say) {
        super();
        this._element = element;
        this._name = name;
        this._settings = settings;
        this._say = say;
        this._wait = FIRST_WAIT_MS;
        element.hidden = false;
        say("connecting");
        this._connect();
    }

    stop() {
        this._stopped = true;
        clearTimeout(this._timer);
        this.connection?.close();
        this._element.replaceChildren();
        this._element.hidden = true;
    }

    get rfb() {
        return this.connection?.rfb ?? null;
    }

    apply(settings) {
        this._settings = settings;
        const rfb = this.rfb;
        if (rfb) {
            // a guest that cannot be resized is scaled
            rfb.scaleViewport = settings.size !== "pixel";
            rfb.resizeSession = settings.size === "guest";
            rfb.qualityLevel = Number(settings.quality);
        }
    }

    _connect() {
        const holder = document.createElement("div");
        holder.className = "holder";
        const connection = new Connection(holder, this._name);
        this._element.append(holder);
        this.connection = connection;
        this.apply(this._settings);
        connection.addEventListener("shown", () => {
            // what was shown before stays until now
            this._element.replaceChildren(holder);
            this._wait = FIRST_WAIT_MS;
            this.apply(this._settings);
            this._say("shown");
            connection.rfb.focus({ preventScroll: true });
        });
        connection.addEventListener("copied", (event) => this.dispatchEvent(
            new CustomEvent("copied", { detail: event.detail.text })));
        connection.addEventListener("closed", (event) => {
            this.connection = null;
            holder.remove();
            if (!this._stopped) {
                this._showLast(connection.last);
                this._afterClose(event.detail);
            }
        });
    }

    _showLast(canvas) {
        if (canvas?.width > 0 && this._element.childElementCount === 0) {
            canvas.className = "last";
            canvas.removeAttribute("style");
            canvas.removeAttribute("tabindex");
            this._element.append(canvas);
        }
    }

    async _afterClose({ code, complaint }) {
        if (complaint) {
            this._say("complaint", complaint);
        } else if (code === CLOSE_BUSY) {
            this._say("busy");
        } else if (code === CLOSE_NO_VM) {
            this._say("ended");
        } else {
            this._say("restarting");
        }
        await this._pause();
        await this._waitForVm();
        if (!this._stopped) {
            this._connect();
        }
    }

    _pause() {
        const wait = this._wait;
        this._wait = Math.min(2 * wait, LONGEST_WAIT_MS);
        return new Promise((resolve) => {
            this._timer = setTimeout(resolve, wait);
        });
    }

    // Returns when the server has the VM; never when we are not let in any more.
    async _waitForVm() {
        while (!this._stopped) {
            try {
                const vms = await fetchVms();
                if (vms === null) {
                    this._say("refused");
                    this._stopped = true;
                } else if (vms.some((vm) => vm.name === this._name)) {
                    return;
                } else {
                    this._say("ended");
                }
            } catch {
                this._say("gone");
                this._stopped = !mayReturn;
            }
            await this._pause();
        }
    }
}
