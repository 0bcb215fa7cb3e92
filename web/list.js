// SPDX-License-Identifier: LGPL-2.1-or-later
// All VMs, each with its live picture; follows those that start and end.

import Connection from "./connection.js";
import { age, fetchVms, mayReturn } from "./vms.js";

const LOOK_MS = 2000;
const MOST_PICTURES = 12; // each is a viewer

export default class List {
    constructor(element, say) {
        this._element = element;
        this._say = say;
        this._cards = new Map();
        this._look();
    }

    stop() {
        this._stopped = true;
        clearTimeout(this._timer);
        for (const card of this._cards.values()) {
            card.connection?.close();
        }
        this._element.replaceChildren();
        this._element.hidden = true;
    }

    async _look() {
        let vms;
        try {
            vms = await fetchVms();
        } catch {
            this._say("gone");
            this._stopped ||= !mayReturn;
        }
        if (this._stopped) {
            return;
        }
        if (vms === null) {
            this._say("refused");
            return;
        }
        if (vms) {
            this._show(vms);
            this._say(vms.length > 0 ? "list" : "empty");
        }
        this._timer = setTimeout(() => this._look(), LOOK_MS);
    }

    _show(vms) {
        this._element.hidden = vms.length === 0;
        const names = new Set(vms.map((vm) => vm.name));
        for (const [name, card] of this._cards) {
            if (!names.has(name)) {
                card.connection?.close();
                card.element.remove();
                this._cards.delete(name);
            }
        }
        for (const vm of vms) {
            this._showOne(vm);
        }
    }

    _showOne(vm) {
        let card = this._cards.get(vm.name);
        if (!card) {
            card = this._newCard(vm);
            this._cards.set(vm.name, card);
            this._element.append(card.element);
        }
        card.about.textContent = [vm.vgpu, age(vm)].filter(Boolean).join(" · ");
        if (!card.connection && this._cards.size <= MOST_PICTURES && !document.hidden) {
            this._draw(card, vm.name);
        }
    }

    _newCard(vm) {
        const element = document.createElement("a");
        const frame = document.createElement("div");
        const picture = document.createElement("div");
        const name = document.createElement("h2");
        const about = document.createElement("p");
        element.className = "card";
        element.href = `#${vm.name}`;
        frame.className = "picture";
        frame.inert = true; // noVNC's canvas takes the focus
        name.textContent = vm.name;
        frame.append(picture);
        element.append(frame, name, about);
        return { element, picture, about };
    }

    _draw(card, name) {
        card.connection = new Connection(card.picture, name);
        card.connection.rfb.viewOnly = true;
        card.connection.rfb.scaleViewport = true;
        card.connection.rfb.qualityLevel = 2;
        card.connection.addEventListener("closed", () => {
            card.connection = null; // the next look tries again
        });
    }
}
