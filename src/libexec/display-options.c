/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/display-options.h"

#include "base/error.h"

#define VIEWERS_LIMIT 64
#define FDS_LIMIT 65535

const char display_usage[] =
    "usage: display --name NAME --source test|dbus|vfio|auto|rfb  --unix-fd N | --tcp-fd N ...\n"
    "    --name NAME                  of the VM\n"
    "    --unix-fd N                  listens; only this user may open it\n"
    "    --socket-fd N                listens, too, at the path the user chose\n"
    "    --tcp-fd N --password-file FILE --certificate-directory DIRECTORY\n"
    "    --ready-fd N                 gets a byte when viewers are served\n"
    "    --keymap LAYOUT              of the guest (us)\n"
    "    --viewers NUMBER             at once (16)\n"
    "    --test SPEC                  of the source test: full,size=1280x800,rate=60\n"
    "    --qmp SOCKET                 of the sources dbus and auto: QEMU's monitor\n"
    "    --door SOCKET                of the sources vfio and auto: where the vGPU is asked for\n"
    "    --vnc SOCKET                 of the source rfb\n"
    "    --node DEVICE                the DRM node to read dma-bufs with\n"
    "    --input SOCKET               QEMU's monitor for keys, where there is no D-Bus console\n";

typedef struct {
    const char *name;
    gsize offset;
    guint64 limit; /* 0: a text, else a number */
} Option;

#define TEXT(option, member)                                                                       \
    {                                                                                              \
        option, G_STRUCT_OFFSET(DisplayOptions, member), 0                                         \
    }
#define NUMBER(option, member, limit)                                                              \
    {                                                                                              \
        option, G_STRUCT_OFFSET(DisplayOptions, member), limit                                     \
    }

static const Option rows[] = {
    TEXT("--name", name),
    TEXT("--source", source),
    NUMBER("--ready-fd", ready_fd, FDS_LIMIT),
    NUMBER("--unix-fd", unix_fd, FDS_LIMIT),
    NUMBER("--socket-fd", socket_fd, FDS_LIMIT),
    NUMBER("--tcp-fd", tcp_fd, FDS_LIMIT),
    TEXT("--password-file", password_file),
    TEXT("--certificate-directory", certificate_directory),
    TEXT("--keymap", keymap),
    NUMBER("--viewers", viewers, VIEWERS_LIMIT),
    TEXT("--test", test),
    TEXT("--qmp", qmp),
    TEXT("--node", node),
    TEXT("--door", door),
    TEXT("--vnc", vnc),
    TEXT("--input", input),
};

static const Option *find(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        if (g_str_equal(rows[i].name, name))
            return &rows[i];
    return NULL;
}

static gboolean set(const Option *option, const char *value, DisplayOptions *options,
                    GError **error)
{
    if (value == NULL)
        return error_set(error, VGPUCTL_ERROR_USAGE, "%s needs a value", option->name);
    gpointer member = G_STRUCT_MEMBER_P(options, option->offset);
    guint64 number;
    if (option->limit == 0)
        *(const char **)member = value;
    else if (!g_ascii_string_to_unsigned(value, 10, 1, option->limit, &number, NULL))
        return error_set(error, VGPUCTL_ERROR_USAGE, "%s %s: this is no number from 1 to %u",
                         option->name, value, (guint)option->limit);
    else
        *(int *)member = (int)number;
    return TRUE;
}

static gboolean check(const DisplayOptions *options, GError **error)
{
    if (options->name == NULL || options->source == NULL)
        return error_set(error, VGPUCTL_ERROR_USAGE, "--name and --source are needed");
    if (options->unix_fd < 0 && options->tcp_fd < 0)
        return error_set(error, VGPUCTL_ERROR_USAGE, "--unix-fd or --tcp-fd is needed");
    if (options->tcp_fd >= 0 &&
        (options->password_file == NULL || options->certificate_directory == NULL))
        return error_set(error, VGPUCTL_ERROR_USAGE,
                         "--tcp-fd needs --password-file and --certificate-directory");
    return TRUE;
}

gboolean display_options_parse(char **argv, DisplayOptions *ret_options, GError **error)
{
    DisplayOptions options = {
        .ready_fd = -1, .unix_fd = -1, .socket_fd = -1, .tcp_fd = -1, .keymap = "us", .viewers = 16
    };
    for (; argv[0] != NULL; argv += 2) {
        const Option *option = find(argv[0]);
        if (option == NULL)
            return error_set(error, VGPUCTL_ERROR_USAGE, "'%s' is no option", argv[0]);
        if (!set(option, argv[1], &options, error))
            return FALSE;
    }
    if (!check(&options, error))
        return FALSE;
    *ret_options = options;
    return TRUE;
}
