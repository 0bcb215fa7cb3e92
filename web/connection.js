// SPDX-License-Identifier: LGPL-2.1-or-later
// One VM's screen in an element: connects, says what happens, counts pictures and bytes.

import RFB from "./novnc/core/rfb.js";

// how the server closes (src/libexec/web-bridge.h); 1006 is a server that has gone, or refused
export const CLOSE_NO_VM = 4001;
export const CLOSE_NO_DISPLAY = 4002;
export const CLOSE_BUSY = 4003;
export const CLOSE_STUCK = 4004;

function socketAddress(name) {
    const address = new URL(`vnc/${encodeURIComponent(name)}`, document.baseURI);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    address.search = address.hash = "";
    return address.href;
}

// Events: "shown" (the first picture is coming), "closed" (detail: code, reason, clean),
// "copied" (detail: text). When it is closed, `last` is a canvas with the last picture.
export default class Connection extends EventTarget {
    constructor(element, name) {
        super();
        this.frames = 0;
        this.bytes = 0;
        this._closed = { code: 1006, reason: "" };
        this._socket = new WebSocket(socketAddress(name));
        this._socket.addEventListener("close", (event) => {
            this._closed = { code: event.code, reason: event.reason };
        });
        this._socket.addEventListener("message", (event) => {
            this.bytes += event.data.byteLength;
        });
        this.rfb = new RFB(element, this._socket);
        this.rfb.background = "transparent";
        this._countFrames();
        this.rfb.addEventListener("connect", () => this._tell("shown"));
        this.rfb.addEventListener("clipboard", (event) => this._tell("copied", event.detail));
        this.rfb.addEventListener("credentialsrequired", () => this.close(
            "The display server asks for a password, which this page does not know."));
        this.rfb.addEventListener("securityfailure", (event) => {
            this._complaint = event.detail.reason || "The display server refused us.";
        });
        this.rfb.addEventListener("disconnect", () => {
            this.last = this.rfb._canvas;
            this.rfb = null;
            this._tell("closed", { ...this._closed, complaint: this._complaint });
        });
    }

    // noVNC has no event for a picture; this is where it has read one
    _countFrames() {
        const read = this.rfb._framebufferUpdate;
        this.rfb._framebufferUpdate = (...words) => {
            const whole = read.apply(this.rfb, words);
            this.frames += whole ? 1 : 0;
            return whole;
        };
    }

    _tell(name, detail) {
        this.dispatchEvent(new CustomEvent(name, { detail }));
    }

    close(complaint) {
        this._complaint = complaint;
        this.rfb?.disconnect();
    }

    get size() {
        const canvas = this.rfb?._canvas;
        return canvas ? `${canvas.width}×${canvas.height}` : "";
    }
}
