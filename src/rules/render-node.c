/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/render-node.h"

#include "rules/display-matrix.h"

/*
 * QEMU 10.1 (commit 806c861dc6) refuses to start without EGL_EXT_image_dma_buf_import_modifiers.
 * No schema tells; this is the named exception to asking the binary.
 */
static gboolean wants_import_modifiers(const QemuFacts *qemu)
{
    return qemu != NULL && (qemu->major > 10 || (qemu->major == 10 && qemu->minor >= 1));
}

/* The first demand of QEMU that @gl does not meet, NULL when it meets all. */
static const char *unmet(const GlPlatform *gl, const QemuFacts *qemu)
{
    if (!gl->surfaceless_context)
        return "EGL_KHR_surfaceless_context";
    if (!gl->dmabuf_export)
        return "EGL_MESA_image_dma_buf_export";
    if (wants_import_modifiers(qemu) && !gl->dmabuf_import_modifiers)
        return "EGL_EXT_image_dma_buf_import_modifiers";
    return NULL;
}

static void say(char **ret_why, char *why)
{
    if (ret_why != NULL)
        *ret_why = why;
    else
        g_free(why);
}

/* Whether QEMU's OpenGL starts on the file @path, as OpenGL was seen to behave there. */
static gboolean path_works(const HostFacts *facts, const char *path, char **ret_why)
{
    const GlPlatform *gl = gl_facts_node(facts->gl, path);
    if (gl == NULL) {
        const char *failure = facts->gl != NULL ? facts->gl->failure : NULL;
        say(ret_why, g_strdup_printf("OpenGL was not tried on %s%s%s", path,
                                     failure != NULL ? ": " : "", failure != NULL ? failure : ""));
        return FALSE;
    }
    if (!gl->works) {
        say(ret_why, g_strdup_printf("OpenGL does not work on %s: %s", path,
                                     gl->failure != NULL ? gl->failure : "no context"));
        return FALSE;
    }
    const char *missing = unmet(gl, facts->qemu);
    if (missing != NULL)
        say(ret_why,
            g_strdup_printf("OpenGL on %s lacks %s, which this QEMU demands", path, missing));
    return missing == NULL;
}

gboolean render_node_works(const HostFacts *facts, const DrmNode *node, char **ret_why)
{
    if (node->usable)
        return path_works(facts, node->path, ret_why);
    say(ret_why, g_strdup_printf("%s is not yours to use: %s", node->path,
                                 node->unusable_why != NULL ? node->unusable_why : "no access"));
    return FALSE;
}

const GlPlatform *render_without_node(const HostFacts *facts, char **ret_why)
{
    return path_works(facts, GL_NO_DEVICE, ret_why) ? gl_facts_node(facts->gl, GL_NO_DEVICE) : NULL;
}

/* Hardware before software; then for hardware the render node, which needs no master, for software
 * the primary node, the only one vgem can map another's buffer on. */
static int rank(const HostFacts *facts, const DrmNode *node)
{
    const GlPlatform *gl = gl_facts_node(facts->gl, node->path);
    gboolean liked = gl->software ? !node->render : node->render;
    return (gl->software ? 0 : 2) + (liked ? 1 : 0);
}

static char *no_node(const HostFacts *facts, const char *parent)
{
    if (parent != NULL)
        return g_strdup_printf("%s has no DRM node", parent);
    if (facts->drm_nodes == NULL || facts->drm_nodes->len == 0)
        return g_strdup("this host has no DRM render node (/dev/dri is empty)");
    return g_strdup("this host has no DRM render node");
}

const DrmNode *display_render_node(const HostFacts *facts, const char *parent, char **ret_why)
{
    const DrmNode *best = NULL;
    g_autofree char *why = NULL;
    for (guint i = 0; facts->drm_nodes != NULL && i < facts->drm_nodes->len; i++) {
        const DrmNode *node = facts->drm_nodes->pdata[i];
        if (parent != NULL && g_strcmp0(node->parent, parent) != 0)
            continue;
        if (!render_node_works(facts, node, why == NULL ? &why : NULL))
            continue;
        if (best == NULL || rank(facts, node) > rank(facts, best))
            best = node;
    }
    if (best == NULL && ret_why != NULL)
        *ret_why = why != NULL ? g_steal_pointer(&why) : no_node(facts, parent);
    return best;
}
