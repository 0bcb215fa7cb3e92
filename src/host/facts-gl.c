/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/facts-gl.h"

#include <string.h>

#include "base/cache.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/libexec.h"
#include "base/process.h"
#include "host/facts-drm.h"

#define PROBE_LIMIT_MS 5000
#define PROBE_OUTPUT_LIMIT (64u << 10)
#define CACHE_NAME "gl.json"

const char *const gl_platform_words[] = { "gbm", "surfaceless", "x11", "glx", "wayland", NULL };

static const Field gl_platform_fields[] = {
    FIELD_CHOICE_(GlPlatform, kind, gl_platform_words, "how GL was asked"),
    FIELD_TEXT_(GlPlatform, node, "DRM node, or name of the display"),
    FIELD_FLAG_(GlPlatform, works, "a desktop OpenGL core context could be made current"),
    FIELD_TEXT_(GlPlatform, failure, "why not: the call that failed, or how the probe ended"),
    FIELD_TEXT_(GlPlatform, vendor, "GL_VENDOR"),
    FIELD_TEXT_(GlPlatform, renderer, "GL_RENDERER"),
    FIELD_TEXT_(GlPlatform, version, "GL_VERSION"),
    FIELD_FLAG_(GlPlatform, software, "a renderer that computes on the CPU"),
    FIELD_FLAG_(GlPlatform, es, "OpenGL ES contexts can be made"),
    FIELD_FLAG_(GlPlatform, surfaceless_context, "EGL_KHR_surfaceless_context"),
    FIELD_FLAG_(GlPlatform, dmabuf_export, "EGL_MESA_image_dma_buf_export is offered"),
    FIELD_FLAG_(GlPlatform, dmabuf_export_works, "a texture came out as a file descriptor"),
    FIELD_FLAG_(GlPlatform, dmabuf_import, "EGL_EXT_image_dma_buf_import"),
    FIELD_FLAG_(GlPlatform, dmabuf_import_modifiers, "EGL_EXT_image_dma_buf_import_modifiers"),
    FIELD_END,
};
const RecordType gl_platform_type = { "gl-platform", sizeof(GlPlatform), gl_platform_fields };

static const Field gl_facts_fields[] = {
    FIELD_FLAG_(GlFacts, probed, "the platforms below were really asked"),
    FIELD_TEXT_(GlFacts, failure, "why the probe program could not be run"),
    FIELD_RECORDS_(GlFacts, platforms, &gl_platform_type, "each way to GL and what it does"),
    FIELD_END,
};
const RecordType gl_facts_type = { "gl-facts", sizeof(GlFacts), gl_facts_fields };

/* The last line a dying probe wrote, which is where drivers say why; NULL when there is none. */
static char *last_line(const char *text)
{
    g_autofree char *copy = g_strchomp(g_utf8_make_valid(text, -1));
    const char *newline = strrchr(copy, '\n');
    const char *line = newline != NULL ? newline + 1 : copy;
    return *line != '\0' ? g_strndup(line, 200) : NULL;
}

static GlPlatform *platform_from_failure(const char *failure)
{
    GlPlatform *platform = record_new(&gl_platform_type);
    platform->failure = g_strdup(failure);
    return platform;
}

/* What a probe said, or how it ended, as one more kind of answer. */
static GlPlatform *platform_from_result(const ProcessResult *result)
{
    if (!process_succeeded(result)) {
        g_autofree char *end = process_describe(result);
        g_autofree char *said = last_line(result->err);
        g_autofree char *text = g_strdup_printf("probe %s%s%s", end, said != NULL ? ": " : "",
                                                said != NULL ? said : "");
        return platform_from_failure(text);
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) object =
        json_from_text(result->out, strlen(result->out), "its output", &error);
    GlPlatform *platform =
        object != NULL ? record_from_json(&gl_platform_type, object, &error) : NULL;
    if (platform != NULL)
        return platform;
    g_autofree char *text = g_strdup_printf("probe gave no answer: %s", error->message);
    return platform_from_failure(text);
}

/* One round of questions. */
typedef struct {
    GlFacts *facts;
    const char *probe; /* the program */
    gboolean late;     /* an answer did not come in time: perhaps the machine was only busy */
} Round;

/* Asks one platform; FALSE when the probe program could not be started at all. */
static gboolean ask(Round *round, GlPlatformKind kind, const char *node)
{
    g_autofree char *option =
        g_strconcat("--", kind == GL_PLATFORM_GBM ? "node" : gl_platform_words[kind], NULL);
    const char *argv[] = { round->probe, option, kind == GL_PLATFORM_GBM ? node : NULL, NULL };
    ProcessRequest request = { .argv = argv,
                               .limit_ms = PROBE_LIMIT_MS,
                               .output_limit = PROBE_OUTPUT_LIMIT };
    g_auto(ProcessResult) result = { 0 };
    g_autoptr(GError) error = NULL;
    if (!process_run(&request, &result, &error)) {
        round->facts->failure = g_strdup(error->message);
        return FALSE;
    }
    GlPlatform *platform = platform_from_result(&result);
    /* we know what we asked, whatever it answered */
    platform->kind = (int)kind;
    g_free(platform->node);
    platform->node = g_strdup(node);
    g_ptr_array_add(round->facts->platforms, platform);
    round->late |= result.timed_out;
    return TRUE;
}

static gboolean ask_nodes(Round *round, const GPtrArray *nodes)
{
    for (guint i = 0; nodes != NULL && i < nodes->len; i++) {
        const DrmNode *node = nodes->pdata[i];
        if (node->usable && !ask(round, GL_PLATFORM_GBM, node->path))
            return FALSE;
    }
    return ask(round, GL_PLATFORM_GBM, GL_NO_DEVICE) && ask(round, GL_PLATFORM_SURFACELESS, NULL);
}

static gboolean ask_screen(Round *round)
{
    const char *display = g_getenv("DISPLAY"), *wayland = g_getenv("WAYLAND_DISPLAY");
    if (display != NULL && *display != '\0' &&
        !(ask(round, GL_PLATFORM_X11, display) && ask(round, GL_PLATFORM_GLX, display)))
        return FALSE;
    return wayland == NULL || *wayland == '\0' || ask(round, GL_PLATFORM_WAYLAND, wayland);
}

static json_t *nodes_key(const Root *root, const GPtrArray *nodes)
{
    json_t *key = json_object();
    for (guint i = 0; nodes != NULL && i < nodes->len; i++) {
        const DrmNode *node = nodes->pdata[i];
        struct stat info = { 0 };
        if (node->usable && root_stat(root, node->path, &info, NULL))
            json_object_set_new(key, node->path, json_integer((json_int_t)info.st_rdev));
    }
    return key;
}

/*
 * The GL libraries: every package that brings one makes ldconfig write its cache anew; drivers are
 * loaded by name from dri/ and announced in glvnd's directory.
 */
static json_t *libraries_key(const Root *root)
{
    json_t *key = json_array();
    json_array_append_new(key, cache_file_key("/etc/ld.so.cache"));
    json_array_append_new(key, cache_file_key("/usr/share/glvnd/egl_vendor.d"));
    json_array_append_new(key, cache_file_key("/usr/lib64/dri"));
    g_auto(GStrv) names = root_list(root, "/usr/lib");
    for (char **name = names; *name != NULL; name++) {
        g_autofree char *path = g_build_filename("/usr/lib", *name, "dri", NULL);
        json_array_append_new(key, cache_file_key(path));
    }
    return key;
}

/* Where the screen is, and what steers the choice of a driver. */
static json_t *environment_key(void)
{
    static const char *const names[] = { "DISPLAY",
                                         "XAUTHORITY",
                                         "WAYLAND_DISPLAY",
                                         "XDG_RUNTIME_DIR",
                                         "LIBGL_ALWAYS_SOFTWARE",
                                         "GALLIUM_DRIVER",
                                         "MESA_LOADER_DRIVER_OVERRIDE",
                                         "__EGL_VENDOR_LIBRARY_FILENAMES",
                                         "__GLX_VENDOR_LIBRARY_NAME",
                                         "DRI_PRIME",
                                         "LD_LIBRARY_PATH",
                                         "LD_PRELOAD" };
    json_t *key = json_object();
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        json_object_set_new(key, names[i], json_text(g_getenv(names[i])));
    /* another server may listen under the same name by now */
    const char *display = g_getenv("DISPLAY");
    if (display != NULL && *display == ':') {
        g_autofree char *socket = g_strdup_printf(
            "/tmp/.X11-unix/X%.*s", (int)strspn(display + 1, "0123456789"), display + 1);
        json_object_set_new(key, "x11_socket", cache_file_key(socket));
    }
    return key;
}

/* All that an answer depends on; NULL: nothing may be kept. */
static json_t *facts_key(const Root *root, const char *probe, const GPtrArray *nodes,
                         gboolean with_screen)
{
    json_t *key = cache_boot_key(root);
    if (key == NULL)
        return NULL;
    json_object_set_new(key, "probe", cache_file_key(probe));
    json_object_set_new(key, "nodes", nodes_key(root, nodes));
    json_object_set_new(key, "libraries", libraries_key(root));
    json_object_set_new(key, "environment", environment_key());
    json_object_set_new(key, "with_screen", json_boolean(with_screen));
    return key;
}

static GlFacts *facts_from_cache(const json_t *key)
{
    g_autoptr(json_t) value = cache_load(CACHE_NAME, key);
    return value != NULL ? record_from_json(&gl_facts_type, value, NULL) : NULL;
}

GlFacts *gl_facts_read(const Root *root, const GPtrArray *nodes, gboolean with_screen,
                       gboolean refresh)
{
    /* what another root holds cannot be asked here */
    if (!root_is_system(root))
        return record_new(&gl_facts_type);

    g_autofree char *probe = libexec_path("probe-gl");
    g_autoptr(json_t) key = facts_key(root, probe, nodes, with_screen);
    GlFacts *facts = refresh ? NULL : facts_from_cache(key);
    if (facts != NULL)
        return facts;

    facts = record_new(&gl_facts_type);
    facts->platforms = g_ptr_array_new();
    Round round = { facts, probe, FALSE };
    facts->probed = ask_nodes(&round, nodes) && (!with_screen || ask_screen(&round));
    if (facts->probed && !round.late) {
        g_autoptr(json_t) value = record_to_json(&gl_facts_type, facts);
        cache_store(CACHE_NAME, key, value);
    }
    return facts;
}

const GlPlatform *gl_facts_node(const GlFacts *facts, const char *node)
{
    for (guint i = 0; facts != NULL && facts->platforms != NULL && i < facts->platforms->len; i++) {
        const GlPlatform *platform = facts->platforms->pdata[i];
        if (platform->kind == GL_PLATFORM_GBM && g_strcmp0(platform->node, node) == 0)
            return platform;
    }
    return NULL;
}
