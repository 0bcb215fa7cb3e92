/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/rows.h"

#include <errno.h>
#include <unistd.h>

#include "base/file.h"
#include "base/user.h"
#include "session/screenshot.h"

static char *output;

static const GOptionEntry screenshot_options[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "File to write; - is standard output",
      "FILE" },
    G_OPTION_ENTRY_NULL,
};

static gboolean write_picture(const char *path, GBytes *png, GError **error)
{
    gsize length;
    const void *data = g_bytes_get_data(png, &length);
    if (!g_str_equal(path, "-"))
        return file_write_atomic(path, data, length, 0644, error);
    if (!file_write_all(STDOUT_FILENO, data, length))
        return error_set_errno(error, errno, "Writing to standard output");
    return TRUE;
}

static int run_screenshot(const CmdContext *context, char **arguments, char **passed,
                          GError **error)
{
    if (!cmd_check_operands(&command_screenshot, arguments, 1, 1, error))
        return 2;
    if (output != NULL && g_str_equal(output, "-") && isatty(STDOUT_FILENO)) {
        error_set(error, VGPUCTL_ERROR_USAGE,
                  "A picture is no text for a terminal; send it to a file or a pipe");
        return 2;
    }
    if (!user_leave_sudo(error))
        return 1;
    g_autoptr(GBytes) png = session_screenshot(context->root, arguments[0], error);
    if (png == NULL)
        return 1;
    g_autofree char *named = g_strdup_printf("%s.png", arguments[0]);
    const char *path = output != NULL ? output : named;
    if (!write_picture(path, png, error))
        return 1;
    if (g_str_equal(path, "-"))
        return 0;
    if (!context->json) {
        g_autofree char *line = g_strdup_printf("%s\n", path);
        return cmd_print(line, error);
    }
    json_t *object = json_object();
    json_object_set_new(object, "file", json_string(path));
    json_object_set_new(object, "size_bytes", json_integer((json_int_t)g_bytes_get_size(png)));
    return cmd_print_json(object, error);
}

const Command command_screenshot = {
    .name = "screenshot",
    .group = "Virtual machines",
    .arguments = "NAME",
    .summary = "Save the picture on a VM's screen as a PNG file",
    .details = "Without --output the file is NAME.png in the current directory; an older one is\n"
               "replaced.",
    .example = "  vgpuctl screenshot web --output web.png",
    .options = screenshot_options,
    .prints_json = TRUE,
    .run = run_screenshot,
};
