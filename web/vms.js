// SPDX-License-Identifier: LGPL-2.1-or-later
// What the server knows of VMs.

// Whether a server that does not answer may be back later. Without TLS whoever takes its port on this
// machine next could be anybody: then nothing more is asked, or sent.
export const mayReturn = location.protocol === "https:";

function ask() {
    return fetch("vms.json", { cache: "no-store" });
}

// The list; null when the session is void. Throws when there is no server.
export async function fetchVms() {
    const answer = await ask().catch(ask); // the connection may just have been too old
    if (answer.status === 403) {
        return null;
    }
    if (!answer.ok) {
        throw new Error(`the server says ${answer.status}`);
    }
    return answer.json();
}

export function age(vm) {
    if (!vm.started_at_s) {
        return "";
    }
    const minutes = Math.max(0, Math.floor((Date.now() / 1000 - vm.started_at_s) / 60));
    if (minutes < 60) {
        return `${minutes} min`;
    }
    const hours = Math.floor(minutes / 60);
    return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
