/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/facts.h"

#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"

static const Field host_facts_fields[] = {
    FIELD_INT_(HostFacts, version, "version of this document"),
    FIELD_TEXT_(HostFacts, architecture, "machine, as uname -m"),
    FIELD_TEXT_(HostFacts, kernel_release, "kernel, as uname -r"),
    FIELD_RECORDS_(HostFacts, gpus, &gpu_type, "PCI display devices"),
    FIELD_RECORDS_(HostFacts, drm_nodes, &drm_node_type, "DRM device nodes"),
    FIELD_RECORD_(HostFacts, gl, &gl_facts_type, "what EGL and GLX do here"),
    FIELD_RECORD_(HostFacts, screen, &screen_facts_type, "the screen of this session"),
    FIELD_RECORD_(HostFacts, kvm, &kvm_facts_type, "hardware acceleration"),
    FIELD_RECORD_(HostFacts, qemu, &qemu_facts_type, "the QEMU binary"),
    FIELD_TEXT_(HostFacts, qemu_failure, "why there are no facts of a QEMU"),
    FIELD_RECORD_(HostFacts, limits, &limits_facts_type, "sizes and limits"),
    FIELD_RECORD_(HostFacts, mdev, &mdev_facts_type, "mediated devices"),
    FIELD_RECORD_(HostFacts, gvt, &gvt_facts_type, "what GVT-g needs beside the device"),
    FIELD_END,
};
const RecordType host_facts_type = { "host-facts", sizeof(HostFacts), host_facts_fields };

void host_facts_free(HostFacts *facts)
{
    record_free(&host_facts_type, facts);
}

static FactsParts with_implied(FactsParts parts)
{
    if (parts & FACTS_GL)
        parts |= FACTS_DRM | FACTS_SCREEN;
    if (parts & FACTS_KVM)
        parts |= FACTS_QEMU;
    return parts;
}

static void read_qemu(HostFacts *facts, const Root *root, const FactsRequest *request)
{
    g_autoptr(GError) reason = NULL;
    facts->qemu = qemu_facts_read(root, request->qemu_binary, request->refresh, &reason);
    if (facts->qemu == NULL)
        facts->qemu_failure = g_strdup(reason->message);
}

static HostFacts *read_machine(const Root *root, const FactsRequest *request, GError **error)
{
    g_autoptr(HostFacts) facts = record_new(&host_facts_type);
    FactsParts parts = with_implied(request->parts);
    struct utsname name;
    if (uname(&name) == 0) {
        facts->architecture = g_strdup(name.machine);
        facts->kernel_release = g_strdup(name.release);
    }
    facts->version = HOST_FACTS_VERSION;
    if (parts & FACTS_PCI) {
        facts->gpus = gpus_read(root, error);
        if (facts->gpus == NULL)
            return NULL;
    }
    if (parts & FACTS_DRM)
        facts->drm_nodes = drm_nodes_read(root);
    if (parts & FACTS_SCREEN)
        facts->screen = screen_facts_read(root);
    if (parts & FACTS_GL)
        facts->gl = gl_facts_read(root, facts->drm_nodes, facts->screen->kind != SCREEN_NONE,
                                  request->refresh);
    if (parts & FACTS_QEMU)
        read_qemu(facts, root, request);
    if ((parts & FACTS_KVM) && facts->qemu != NULL)
        facts->kvm = kvm_facts_read(root, facts->qemu->binary, request->refresh);
    if (parts & FACTS_LIMITS)
        facts->limits = limits_facts_read(root);
    if (parts & FACTS_MDEV)
        facts->mdev = mdev_facts_read(root);
    if (parts & FACTS_GVT)
        facts->gvt = gvt_facts_read(root);
    return g_steal_pointer(&facts);
}

static HostFacts *read_document(const char *path, GError **error)
{
    g_autoptr(json_t) document = json_from_file(path, error);
    if (document == NULL)
        return NULL;
    HostFacts *facts = record_from_json(&host_facts_type, document, error);
    if (facts == NULL)
        g_prefix_error(error, "%s is no facts file: ", path);
    return facts;
}

/* A part that a judgement needs must be in the document: absence would read as "there is none". */
static gboolean check_parts(const HostFacts *facts, const char *path, FactsParts parts,
                            GError **error)
{
    const struct {
        FactsParts part;
        gboolean there;
        const char *name;
    } needed[] = {
        { FACTS_PCI, facts->gpus != NULL, "gpus" },
        { FACTS_DRM, facts->drm_nodes != NULL, "drm_nodes" },
        { FACTS_GL, facts->gl != NULL, "gl" },
        { FACTS_SCREEN, facts->screen != NULL, "screen" },
        { FACTS_QEMU, facts->qemu != NULL || facts->qemu_failure != NULL, "qemu" },
        { FACTS_KVM, facts->kvm != NULL || facts->qemu == NULL, "kvm" },
        { FACTS_LIMITS, facts->limits != NULL, "limits" },
        { FACTS_MDEV, facts->mdev != NULL, "mdev" },
        { FACTS_GVT, facts->gvt != NULL, "gvt" },
    };
    if (facts->version > HOST_FACTS_VERSION)
        return error_set(error, VGPUCTL_ERROR_INVALID,
                         "%s was written by a newer vgpuctl (version %d, this one reads %d); use "
                         "that vgpuctl",
                         path, facts->version, HOST_FACTS_VERSION);
    for (gsize i = 0; i < G_N_ELEMENTS(needed); i++)
        if ((parts & needed[i].part) && !needed[i].there)
            return error_set(error, VGPUCTL_ERROR_INVALID,
                             "%s has no \"%s\"; write it again with vgpuctl facts", path,
                             needed[i].name);
    return TRUE;
}

HostFacts *host_facts_read(const Root *root, const char *facts_path, const FactsRequest *request,
                           GError **error)
{
    if (facts_path == NULL)
        return read_machine(root, request, error);
    g_autoptr(HostFacts) facts = read_document(facts_path, error);
    if (facts == NULL || !check_parts(facts, facts_path, with_implied(request->parts), error))
        return NULL;
    return g_steal_pointer(&facts);
}
