/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/facts-gvt.h"

#include <string.h>

#define MDEV_DRIVER "/sys/bus/mdev/drivers/intel_vgpu_mdev"
#define OPTION_FILE_LIMIT (256u << 10)

static const Field kernel_module_fields[] = {
    FIELD_TEXT_(KernelModule, name, "name of the module"),
    FIELD_FLAG_(KernelModule, loaded, "it is loaded or built in"),
    FIELD_FLAG_(KernelModule, available, "the running kernel has it"),
    FIELD_END,
};
const RecordType kernel_module_type = { "kernel-module", sizeof(KernelModule),
                                        kernel_module_fields };

static const Field module_parameter_fields[] = {
    FIELD_FLAG_(ModuleParameter, exists, "the loaded module has it"),
    FIELD_TEXT_(ModuleParameter, value, "its value; null when this user may not read it"),
    FIELD_TEXT_(ModuleParameter, configured, "value that is set for the next load of the module"),
    FIELD_TEXT_(ModuleParameter, configured_in, "file that sets it"),
    FIELD_END,
};
const RecordType module_parameter_type = { "module-parameter", sizeof(ModuleParameter),
                                           module_parameter_fields };

static const Field gvt_facts_fields[] = {
    FIELD_TEXT_(GvtFacts, kernel_release, "kernel, as uname -r"),
    FIELD_FLAG_(GvtFacts, modules_known, "the list of the kernel's modules could be read"),
    FIELD_RECORDS_(GvtFacts, modules, &kernel_module_type, "modules that GVT-g needs"),
    FIELD_RECORD_(GvtFacts, enable_gvt, &module_parameter_type, "i915's switch for GVT-g"),
    FIELD_RECORD_(GvtFacts, enable_guc, &module_parameter_type, "i915's use of the GuC"),
    FIELD_FLAG_(GvtFacts, driver_registered, "kvmgt is registered with mdev"),
    FIELD_END,
};
const RecordType gvt_facts_type = { "gvt", sizeof(GvtFacts), gvt_facts_fields };

static const char *const module_names[] = { "i915", "kvmgt",     "mdev", "vfio", "vfio_iommu_type1",
                                            "kvm",  "kvm_intel", NULL };

/* modprobe(8) and the kernel take "-" for "_" in names of modules. */
static gboolean same_name(const char *text, gsize length, const char *name)
{
    if (length != strlen(name))
        return FALSE;
    for (gsize i = 0; i < length; i++)
        if ((text[i] == '-' ? '_' : text[i]) != name[i])
            return FALSE;
    return TRUE;
}

/* Of "kernel/drivers/gpu/drm/i915/kvmgt.ko.xz: kernel/..." the "kvmgt". */
static const char *module_of_line(const char *line, gsize length, gsize *ret_length)
{
    const char *colon = memchr(line, ':', length);
    gsize path = colon != NULL ? (gsize)(colon - line) : length;
    const char *slash = memrchr(line, '/', path);
    const char *name = slash != NULL ? slash + 1 : line;
    const char *dot = memmem(name, path - (gsize)(name - line), ".ko", strlen(".ko"));
    *ret_length = dot != NULL ? (gsize)(dot - name) : 0;
    return name;
}

static void mark_available(GPtrArray *modules, const char *text, gsize length)
{
    for (const char *line = text, *end = text + length; line < end;) {
        const char *newline = memchr(line, '\n', (gsize)(end - line));
        gsize line_length = (gsize)((newline != NULL ? newline : end) - line), name_length;
        const char *name = module_of_line(line, line_length, &name_length);
        for (guint i = 0; name_length > 0 && i < modules->len; i++) {
            KernelModule *module = modules->pdata[i];
            module->available |= same_name(name, name_length, module->name);
        }
        line = newline != NULL ? newline + 1 : end;
    }
}

static gboolean read_module_list(const Root *root, const char *release, const char *file,
                                 GPtrArray *modules)
{
    g_autofree char *path = g_build_filename("/lib/modules", release, file, NULL);
    g_autoptr(GMappedFile) map = root_map(root, path, NULL);
    if (map == NULL)
        return FALSE;
    if (g_mapped_file_get_length(map) > 0)
        mark_available(modules, g_mapped_file_get_contents(map), g_mapped_file_get_length(map));
    return TRUE;
}

static void read_modules(GvtFacts *facts, const Root *root)
{
    facts->modules = g_ptr_array_new();
    for (const char *const *name = module_names; *name != NULL; name++) {
        g_autofree char *path = g_build_filename("/sys/module", *name, NULL);
        KernelModule *module = record_new(&kernel_module_type);
        module->name = g_strdup(*name);
        module->loaded = root_exists(root, path);
        module->available = module->loaded;
        g_ptr_array_add(facts->modules, module);
    }
    if (facts->kernel_release == NULL || strchr(facts->kernel_release, '/') != NULL)
        return;
    facts->modules_known =
        read_module_list(root, facts->kernel_release, "modules.dep", facts->modules);
    read_module_list(root, facts->kernel_release, "modules.builtin", facts->modules);
}

static void set_configured(ModuleParameter *parameter, const char *value, const char *source)
{
    g_free(parameter->configured);
    g_free(parameter->configured_in);
    parameter->configured = g_strdup(value);
    parameter->configured_in = g_strdup(source);
}

/* NULL for "options i915 NAME" without a value: true, as kernel/params.c:param_set_bool() has it.
 */
static void take_setting(ModuleParameter *parameter, const char *word, const char *name,
                         const char *source)
{
    const char *equals = strchr(word, '=');
    gsize length = equals != NULL ? (gsize)(equals - word) : strlen(word);
    if (same_name(word, length, name))
        set_configured(parameter, equals != NULL ? equals + 1 : "1", source);
}

/* "options i915 enable_gvt=1 enable_guc=0"; a "\" at the end of a line joins it to the next. */
static void take_options(GvtFacts *facts, char *text, const char *source)
{
    for (char *joint = text; (joint = strstr(joint, "\\\n")) != NULL;)
        joint[0] = joint[1] = ' ';
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_auto(GStrv) words = g_strsplit_set(g_strstrip(*line), " \t", -1);
        guint at = 0;
        const char *head[2] = { NULL };
        for (guint n = 0; n < 2 && words[at] != NULL; at++)
            if (*words[at] != '\0')
                head[n++] = words[at];
        if (head[1] == NULL || !g_str_equal(head[0], "options") ||
            !same_name(head[1], strlen(head[1]), "i915"))
            continue;
        for (; words[at] != NULL; at++) {
            take_setting(facts->enable_gvt, words[at], "enable_gvt", source);
            take_setting(facts->enable_guc, words[at], "enable_guc", source);
        }
    }
}

static int compare_names(gconstpointer a, gconstpointer b, gpointer data)
{
    return strcmp(a, b);
}

/* modprobe.d(5): files of all directories in the order of their names, a name of an earlier
 * directory hides that of a later one; the last setting of a parameter counts. */
static void read_options(GvtFacts *facts, const Root *root)
{
    static const char *const directories[] = { "/etc/modprobe.d", "/run/modprobe.d",
                                               "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d",
                                               "/lib/modprobe.d" };
    g_autoptr(GTree) files = g_tree_new_full(compare_names, NULL, g_free, g_free);
    for (gsize i = 0; i < G_N_ELEMENTS(directories); i++) {
        g_auto(GStrv) names = root_list(root, directories[i]);
        for (char **name = names; *name != NULL; name++)
            if (g_str_has_suffix(*name, ".conf") && g_tree_lookup(files, *name) == NULL)
                g_tree_insert(files, g_strdup(*name),
                              g_build_filename(directories[i], *name, NULL));
    }
    for (GTreeNode *node = g_tree_node_first(files); node != NULL; node = g_tree_node_next(node)) {
        gsize length;
        g_autofree char *text = root_read(root, g_tree_node_value(node), &length, NULL);
        if (text != NULL && length <= OPTION_FILE_LIMIT)
            take_options(facts, text, g_tree_node_value(node));
    }
}

/* The command line comes after modprobe.d: libkmod appends it (kmod_module_get_options()). */
static void read_command_line(GvtFacts *facts, const Root *root)
{
    g_autofree char *text = root_read_attr(root, "/proc/cmdline", NULL);
    g_auto(GStrv) words = g_strsplit_set(text != NULL ? text : "", " \t\n", -1);
    for (char **word = words; *word != NULL; word++) {
        if (!g_str_has_prefix(*word, "i915."))
            continue;
        const char *setting = *word + strlen("i915.");
        take_setting(facts->enable_gvt, setting, "enable_gvt", "/proc/cmdline");
        take_setting(facts->enable_guc, setting, "enable_guc", "/proc/cmdline");
    }
}

static ModuleParameter *read_parameter(const Root *root, const char *name)
{
    g_autofree char *path = g_build_filename("/sys/module/i915/parameters", name, NULL);
    ModuleParameter *parameter = record_new(&module_parameter_type);
    parameter->exists = root_exists(root, path);
    parameter->value = root_read_attr(root, path, NULL);
    return parameter;
}

GvtFacts *gvt_facts_read(const Root *root)
{
    GvtFacts *facts = record_new(&gvt_facts_type);
    facts->kernel_release = root_read_attr(root, "/proc/sys/kernel/osrelease", NULL);
    read_modules(facts, root);
    facts->enable_gvt = read_parameter(root, "enable_gvt");
    facts->enable_guc = read_parameter(root, "enable_guc");
    read_options(facts, root);
    read_command_line(facts, root);
    facts->driver_registered = root_exists(root, MDEV_DRIVER);
    return facts;
}

const KernelModule *gvt_find_module(const GvtFacts *facts, const char *name)
{
    for (guint i = 0; facts->modules != NULL && i < facts->modules->len; i++) {
        const KernelModule *module = facts->modules->pdata[i];
        if (g_strcmp0(module->name, name) == 0)
            return module;
    }
    return NULL;
}
