// SPDX-License-Identifier: LGPL-2.1-or-later
// Keys for the guest that nobody presses.

import keysyms from "./novnc/core/input/keysymdef.js";
import KeyTable from "./novnc/core/input/keysym.js";

const KEY_MS = 8; // between two: guests that poll their keyboard lose some otherwise

const MODIFIERS = [
    [KeyTable.XK_Control_L, "ControlLeft"],
    [KeyTable.XK_Control_R, "ControlRight"],
    [KeyTable.XK_Alt_L, "AltLeft"],
    [KeyTable.XK_Alt_R, "AltRight"],
    [KeyTable.XK_Shift_L, "ShiftLeft"],
    [KeyTable.XK_Shift_R, "ShiftRight"],
];

// The guest saw them go down, and the page has taken the focus since.
export function releaseModifiers(rfb) {
    for (const [keysym, code] of MODIFIERS) {
        rfb.sendKey(keysym, code, false);
    }
}

function keysymOf(character) {
    if (character === "\n") {
        return KeyTable.XK_Return;
    }
    if (character === "\t") {
        return KeyTable.XK_Tab;
    }
    return keysyms.lookup(character.codePointAt(0));
}

export async function typeText(rfb, text) {
    for (const character of text.replaceAll("\r\n", "\n")) {
        rfb.sendKey(keysymOf(character));
        await new Promise((resolve) => setTimeout(resolve, KEY_MS));
    }
}
