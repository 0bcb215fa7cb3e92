/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/web-pages.h"

#include "base/error.h"
#include "config.h"

#define INDEX "index.html"
#define MOST_DEPTH 8

struct WebPages {
    GHashTable *files; /* name -> WebPage */
};

static const struct {
    const char *ending, *type;
} types[] = {
    { ".html", "text/html; charset=utf-8" },
    { ".css", "text/css; charset=utf-8" },
    { ".js", "text/javascript; charset=utf-8" },
    { ".svg", "image/svg+xml" },
};

static const char *type_of(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
        if (g_str_has_suffix(name, types[i].ending))
            return types[i].type;
    return NULL; /* a licence, a README: not for browsers */
}

static void page_free(WebPage *page)
{
    g_bytes_unref(page->content);
    g_free(page);
}

static gboolean add_file(WebPages *pages, const char *path, const char *name, GError **error)
{
    const char *type = type_of(name);
    if (type == NULL)
        return TRUE;
    char *content = NULL;
    gsize length = 0;
    if (!g_file_get_contents(path, &content, &length, error))
        return FALSE;
    WebPage *page = g_new(WebPage, 1);
    *page = (WebPage){ g_bytes_new_take(content, length), type };
    g_hash_table_insert(pages->files, g_strdup(name), page);
    return TRUE;
}

static gboolean add_directory(WebPages *pages, const char *path, const char *name, guint depth,
                              GError **error)
{
    g_autoptr(GDir) directory = g_dir_open(path, 0, error);
    if (directory == NULL)
        return FALSE;
    for (const char *member; (member = g_dir_read_name(directory)) != NULL;) {
        g_autofree char *below = g_build_filename(path, member, NULL);
        g_autofree char *its_name =
            *name != '\0' ? g_strconcat(name, "/", member, NULL) : g_strdup(member);
        gboolean done = TRUE;
        if (!g_file_test(below, G_FILE_TEST_IS_DIR))
            done = add_file(pages, below, its_name, error);
        else if (depth < MOST_DEPTH)
            done = add_directory(pages, below, its_name, depth + 1, error);
        if (!done)
            return FALSE;
    }
    return TRUE;
}

WebPages *web_pages_read(const char *directory, GError **error)
{
    g_autoptr(WebPages) pages = g_new0(WebPages, 1);
    pages->files =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)page_free);
    if (!add_directory(pages, directory, "", 0, error)) {
        g_prefix_error(error, "Reading the browser page in %s: ", directory);
        return NULL;
    }
    if (web_pages_find(pages, "") == NULL) {
        error_set(error, VGPUCTL_ERROR_NOT_FOUND, "The browser page is not in %s: there is no %s",
                  directory, INDEX);
        return NULL;
    }
    return g_steal_pointer(&pages);
}

void web_pages_free(WebPages *pages)
{
    if (pages == NULL)
        return;
    g_hash_table_unref(pages->files);
    g_free(pages);
}

const WebPage *web_pages_find(const WebPages *pages, const char *name)
{
    return g_hash_table_lookup(pages->files, *name != '\0' ? name : INDEX);
}

char *web_pages_directory(void)
{
    const char *named = g_getenv("VGPUCTL_WEBDIR");
    if (named != NULL && *named != '\0')
        return g_strdup(named);
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    if (self != NULL) {
        g_autofree char *directory = g_path_get_dirname(self);
        g_autofree char *beside = g_build_filename(directory, "web-pages", NULL);
        if (g_file_test(beside, G_FILE_TEST_IS_DIR))
            return g_steal_pointer(&beside);
    }
    return g_build_filename(VGPUCTL_DATADIR, "web", NULL);
}
