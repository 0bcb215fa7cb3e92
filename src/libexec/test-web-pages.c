/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of the page and the list of VMs. */
#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "libexec/web-pages.h"
#include "libexec/web-vms.h"

static void put(const char *directory, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void test_files(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *directory = g_dir_make_tmp("web-XXXXXX", NULL);
    g_autofree char *below = g_build_filename(directory, "novnc", "core", NULL);
    g_assert_true(file_make_directory(below, 0700, NULL));
    put(below, "rfb.js", "rfb");
    put(directory, "LICENSE.txt", "text");
    g_assert_null(web_pages_read(directory, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);

    put(directory, "index.html", "index");
    g_autoptr(WebPages) pages = web_pages_read(directory, NULL);
    const WebPage *page = web_pages_find(pages, "");
    g_assert_cmpstr(page->type, ==, "text/html; charset=utf-8");
    g_assert_cmpuint(g_bytes_get_size(page->content), ==, strlen("index"));
    g_assert_true(web_pages_find(pages, "index.html") == page);
    page = web_pages_find(pages, "novnc/core/rfb.js");
    g_assert_cmpstr(page->type, ==, "text/javascript; charset=utf-8");
    /* other kinds, and other ways to write a path */
    g_assert_null(web_pages_find(pages, "LICENSE.txt"));
    g_assert_null(web_pages_find(pages, "novnc/../index.html"));
    g_assert_null(web_pages_find(pages, "/index.html"));
    g_assert_null(web_pages_find(pages, "novnc"));
    g_assert_true(file_remove_tree(directory, NULL));
}

static void test_no_directory(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(web_pages_read("/nonexistent", &error));
    g_assert_nonnull(strstr(error->message, "/nonexistent"));
}

/* The sockets stay with us. */
static void test_vms(void)
{
    static const char text[] = "[{\"name\": \"a\", \"socket\": \"/run/a\", \"vgpu\": \"V5_4\"},"
                               " {\"name\": \"b\", \"socket\": \"/run/b\"}]";
    g_autoptr(GPtrArray) vms = web_vms_from_text(text, strlen(text), NULL);
    g_assert_cmpuint(vms->len, ==, 2);
    g_assert_cmpstr(web_vms_find(vms, "b")->socket, ==, "/run/b");
    g_assert_null(web_vms_find(vms, "c"));
    g_autofree char *told = web_vms_for_page(vms);
    g_assert_null(strstr(told, "/run"));
    g_autoptr(json_t) list = json_from_text(told, strlen(told), "page", NULL);
    g_assert_cmpstr(json_get_text(json_array_get(list, 0), "vgpu"), ==, "V5_4");
}

static void test_bad_vms(void)
{
    static const char *const texts[] = {
        "",
        "{}",
        "[1]",
        "[{}]",
        "[{\"name\": \"a\"}]",
        "[{\"name\": \"a\", \"socket\": \"b\"}]",
        "[{\"name\": \"../a\", \"socket\": \"/b\"}]",
        "[{\"name\": \"a\", \"socket\": \"/b\"}, {\"name\": \"a\", \"socket\": \"/c\"}]",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_test_message("%s", texts[i]);
        g_assert_null(web_vms_from_text(texts[i], strlen(texts[i]), &error));
        g_assert_nonnull(error);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/web-pages/files", test_files);
    g_test_add_func("/web-pages/no-directory", test_no_directory);
    g_test_add_func("/web-vms/list", test_vms);
    g_test_add_func("/web-vms/bad", test_bad_vms);
    return g_test_run();
}
