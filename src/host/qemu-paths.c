/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/qemu-paths.h"

#include <linux/capability.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"

/* The start of the NUL-terminated string around @at. */
static const char *string_start(const char *begin, const char *at)
{
    while (at > begin && at[-1] != '\0')
        at--;
    return at;
}

/* A help text that mentions a path is no path. */
static gboolean is_plain_path(const char *text)
{
    return *text == '/' && strpbrk(text, " \t\n%=") == NULL && strlen(text) < 4096;
}

GStrv elf_paths_ending(const char *file, const char *ending)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new();
    g_autoptr(GMappedFile) map = g_mapped_file_new(file, FALSE, NULL);
    const char *begin = map != NULL ? g_mapped_file_get_contents(map) : NULL;
    gsize length = begin != NULL ? g_mapped_file_get_length(map) : 0;
    if (length < 4 || memcmp(begin, "\177ELF", 4) != 0)
        length = 0;
    gsize ending_length = strlen(ending) + 1; /* with its NUL: the whole end of a string */
    const char *end = begin + length;
    for (const char *at = begin;
         at < end && (at = memmem(at, (gsize)(end - at), ending, ending_length)) != NULL; at++) {
        const char *path = string_start(begin, at);
        if (is_plain_path(path) &&
            !g_ptr_array_find_with_equal_func(paths, path, g_str_equal, NULL))
            g_ptr_array_add(paths, g_strdup(path));
    }
    g_ptr_array_add(paths, NULL);
    return (GStrv)g_ptr_array_free(g_steal_pointer(&paths), FALSE);
}

char *qemu_relocate(const char *binary, const char *compiled)
{
    g_autofree char *directory = g_path_get_dirname(binary);
    g_autofree char *prefix = g_path_get_dirname(directory);
    /* the longest tail of the compiled path that exists below our own prefix */
    for (const char *tail = strchr(compiled + 1, '/'); tail != NULL; tail = strchr(tail + 1, '/')) {
        g_autofree char *moved = g_strconcat(prefix, tail, NULL);
        if (access(moved, F_OK) == 0)
            return g_steal_pointer(&moved);
    }
    return g_strdup(compiled);
}

/* A build without modules has "/usr/share/qemu" and the like, but no such directory with modules.
 */
static char *find_module_dir(const char *binary)
{
    g_auto(GStrv) candidates = elf_paths_ending(binary, "/qemu");
    for (char **candidate = candidates; *candidate != NULL; candidate++) {
        g_autofree char *path = qemu_relocate(binary, *candidate);
        g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
        const char *name;
        while (directory != NULL && (name = g_dir_read_name(directory)) != NULL)
            if (g_str_has_suffix(name, ".so"))
                return g_steal_pointer(&path);
    }
    return NULL;
}

void qemu_read_compiled_paths(QemuFacts *facts)
{
    facts->module_dir = find_module_dir(facts->binary);
    g_auto(GStrv) helpers = elf_paths_ending(facts->binary, "/qemu-bridge-helper");
    if (*helpers != NULL)
        facts->bridge_helper = qemu_relocate(facts->binary, *helpers);
}

/* The layout is that of linux/capability.h; all fields are little endian. */
static gboolean has_net_admin_capability(const char *path)
{
    struct vfs_ns_cap_data data = { 0 };
    ssize_t length = getxattr(path, "security.capability", &data, sizeof data);
    if (length < (ssize_t)(sizeof data.magic_etc + sizeof data.data[0]))
        return FALSE;
    gboolean effective = (GUINT32_FROM_LE(data.magic_etc) & VFS_CAP_FLAGS_EFFECTIVE) != 0;
    return effective && (GUINT32_FROM_LE(data.data[0].permitted) & (1u << CAP_NET_ADMIN)) != 0;
}

gboolean file_gives_net_admin(const char *path)
{
    struct stat info;
    struct statvfs mount;
    if (stat(path, &info) < 0 || (statvfs(path, &mount) == 0 && (mount.f_flag & ST_NOSUID)))
        return FALSE;
    gboolean setuid_root = (info.st_mode & S_ISUID) && (info.st_mode & S_IXOTH) && info.st_uid == 0;
    return setuid_root || has_net_admin_capability(path);
}

typedef struct {
    const Root *root;
    GStrvBuilder *allowed, *denied;
    guint files; /* an ACL that includes itself must end */
} AclReader;

static void read_acl(AclReader *reader, const char *path)
{
    g_autofree char *text = reader->files++ < 16 ? root_read(reader->root, path, NULL, NULL) : NULL;
    g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        char *command = g_strstrip(*line);
        gsize length = strcspn(command, " \t");
        if (*command == '\0' || *command == '#' || command[length] == '\0')
            continue;
        command[length] = '\0';
        const char *argument = g_strstrip(command + length + 1);
        if (g_str_equal(command, "allow"))
            g_strv_builder_add(reader->allowed, argument);
        else if (g_str_equal(command, "deny"))
            g_strv_builder_add(reader->denied, argument);
        else if (g_str_equal(command, "include"))
            read_acl(reader, argument);
    }
}

void qemu_parse_bridge_acl(QemuFacts *facts, const Root *root, const char *path)
{
    g_autoptr(GStrvBuilder) allowed = g_strv_builder_new();
    g_autoptr(GStrvBuilder) denied = g_strv_builder_new();
    AclReader reader = { .root = root, .allowed = allowed, .denied = denied };
    read_acl(&reader, path);
    g_strfreev(facts->bridges_allowed);
    g_strfreev(facts->bridges_denied);
    facts->bridges_allowed = g_strv_builder_end(allowed);
    facts->bridges_denied = g_strv_builder_end(denied);
}

void qemu_read_bridge(QemuFacts *facts, const Root *root)
{
    if (facts->bridge_helper != NULL && access(facts->bridge_helper, F_OK) < 0)
        g_clear_pointer(&facts->bridge_helper, g_free);
    if (facts->bridge_helper == NULL)
        return;
    facts->bridge_helper_privileged = file_gives_net_admin(facts->bridge_helper);
    g_auto(GStrv) acls = elf_paths_ending(facts->bridge_helper, "/bridge.conf");
    if (*acls == NULL)
        return;
    facts->bridge_acl = qemu_relocate(facts->bridge_helper, *acls);
    qemu_parse_bridge_acl(facts, root, facts->bridge_acl);
}
