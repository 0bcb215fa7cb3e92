/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/qemu-args-parts.h"

/*
 * The same name gets the same address at every start, so that leases and the guest's own
 * configuration hold. 52:54:00 is what QEMU and libvirt use.
 */
static char *mac_from_name(const char *name)
{
    g_autofree char *sum =
        g_compute_checksum_for_string(G_CHECKSUM_SHA256, name != NULL ? name : "", -1);
    return g_strdup_printf("52:54:00:%.2s:%.2s:%.2s", sum, sum + 2, sum + 4);
}

static gboolean plan_backend(Plan *plan, const PlanRequest *request, GError **error)
{
    const VmConfig *config = request->config;
    const QemuFacts *qemu = request->facts->qemu;
    if (config->network == NETWORK_BRIDGE) {
        if (!qemu_has(qemu->netdevs, "tap"))
            return plan_refuse(error, "%s has no tap networking; use --network none", qemu->binary);
        g_autofree char *reason =
            g_strdup_printf("a port of bridge %s, opened before QEMU starts", config->bridge);
        plan_add(plan, "-netdev", "tap,id=net0,fd=@fd:tap@", reason);
        return TRUE;
    }
    if (!qemu_has(qemu->netdevs, "user"))
        return plan_refuse(error,
                           "%s has no user networking (libslirp was not there when it was built); "
                           "use --network bridge=NAME or --network none",
                           qemu->binary);
    plan_add(plan, "-netdev", "user,id=net0", "the guest reaches out through this user's sockets");
    return TRUE;
}

gboolean qemu_plan_network(Plan *plan, const PlanRequest *request, GError **error)
{
    const VmConfig *config = request->config;
    if (config->network == NETWORK_NONE)
        return TRUE;
    if (!plan_backend(plan, request, error))
        return FALSE;
    g_autofree char *mac =
        config->mac != NULL ? g_strdup(config->mac) : mac_from_name(config->name);
    plan_add_format(plan, "-device",
                    config->mac != NULL ? "its card; no ROM: it does not boot from the network"
                                        : "its card, with an address made from the VM's name; no "
                                          "ROM: it does not boot from the network",
                    "virtio-net-pci,netdev=net0,mac=%s,romfile=", mac);
    return TRUE;
}
