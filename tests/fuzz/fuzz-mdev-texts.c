/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Texts of sysfs and of the files beside it, which drivers and administrators write: a type's
 * description, count, name and API, modprobe.d, the kernel's command line and list of modules, a
 * mix. The input is these, each up to a NUL. For any bytes: facts that are a document of UTF-8 and
 * come back from it the same, and a judgement that hangs together.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "rules/capacity.h"
#include "rules/mdev-absence.h"
#include "rules/mix-fit.h"
#include "tests/lib/sample-gvt.h"

#define GPU "/sys/devices/pci0000:00/" SAMPLE_GVT_GPU
#define TYPE GPU "/mdev_supported_types/i915-GVTg_V5_8"

static const char *const files[] = {
    TYPE "/description",
    TYPE "/available_instances",
    TYPE "/name",
    TYPE "/device_api",
    "/etc/modprobe.d/gvt.conf",
    "/proc/cmdline",
    "/lib/modules/6/modules.dep",
    "/sys/module/i915/parameters/enable_gvt",
};

static char *directory;
static Root *root;

static void put(const char *path, const char *text, gsize length)
{
    g_autofree char *full = g_strconcat(directory, path, NULL);
    g_autofree char *parent = g_path_get_dirname(full);
    g_assert(file_make_directory(parent, 0755, NULL));
    g_assert(
        g_file_set_contents_full(full, text, (gssize)length, G_FILE_SET_CONTENTS_NONE, 0644, NULL));
}

static void clean_up(void)
{
    root_free(root);
    file_remove_tree(directory, NULL);
    g_free(directory);
}

static void set_up(void)
{
    directory = g_dir_make_tmp("vgpuctl-fuzz-XXXXXX", NULL);
    g_assert(directory != NULL);
    put("/proc/sys/kernel/osrelease", "6\n", 2);
    g_autofree char *class = g_strconcat(directory, "/sys/class/mdev_bus", NULL);
    g_assert(file_make_directory(class, 0755, NULL));
    g_autofree char *link = g_build_filename(class, SAMPLE_GVT_GPU, NULL);
    g_assert(symlink("../../devices/pci0000:00/" SAMPLE_GVT_GPU, link) == 0);
    g_autofree char *driver = g_strconcat(directory, GPU "/driver", NULL);
    put(GPU "/class", "", 0);
    g_assert(symlink("../../../bus/pci/drivers/i915", driver) == 0);
    root = root_open(directory, NULL);
    atexit(clean_up);
}

/* The bytes up to the next NUL, without it. */
static const char *next_part(const uint8_t **data, size_t *size, gsize *ret_length)
{
    const char *part = *size > 0 ? (const char *)*data : "";
    const uint8_t *end = *size > 0 ? memchr(*data, '\0', *size) : NULL;
    *ret_length = end != NULL ? (gsize)(end - *data) : *size;
    size_t skipped = MIN(*ret_length + 1, *size);
    *data += skipped;
    *size -= skipped;
    return part;
}

static void check_round_trip(const RecordType *type, const void *record)
{
    g_autoptr(json_t) document = record_to_json(type, record);
    g_autofree char *text = json_to_text(document);
    g_assert(g_utf8_validate(text, -1, NULL));
    void *again = record_from_json(type, document, NULL);
    g_assert(again != NULL);
    g_autoptr(json_t) second = record_to_json(type, again);
    g_assert(json_equal(document, second));
    record_free(type, again);
}

static void check_capacity(const HostFacts *facts, const GPtrArray *parents)
{
    g_assert(parents->len == 1);
    const CapacityParent *parent = parents->pdata[0];
    for (guint i = 0; i < parent->types->len; i++) {
        const CapacityType *type = parent->types->pdata[i];
        g_assert(type->creatable >= 0 && type->creatable <= type->total);
        g_assert((type->why != NULL) == (type->creatable == 0));
        g_assert(type->available < 0 || type->creatable <= type->available);
        g_autofree char *why = capacity_why_none(facts, parent->parent, type->type);
        g_assert(g_strcmp0(why, type->why) == 0);
    }
    check_round_trip(&capacity_parent_type, parent);
}

static void check_mix(const HostFacts *facts, const GPtrArray *parents, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) mix = mix_parse(text, &error);
    g_assert((mix == NULL) == (error != NULL));
    if (mix == NULL)
        return;
    MixFit *fit = mix_fit(facts, parents, mix);
    g_assert(fit->wanted->len > 0 && fit->wanted->len <= mix->len);
    g_assert(fit->fits == (fit->why == NULL));
    g_assert(!fit->fits || fit->fits_empty);
    check_round_trip(&mix_fit_type, fit);
    record_free(&mix_fit_type, fit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (directory == NULL)
        set_up();
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        gsize length;
        const char *part = next_part(&data, &size, &length);
        put(files[i], part, length);
    }
    gsize length;
    const char *part = next_part(&data, &size, &length);
    g_autofree char *mix = g_strndup(part, length);

    g_autoptr(HostFacts) facts = sample_gvt(256, -1, (const int[]){ -1, -1, -1, -1 });
    record_free(&mdev_facts_type, facts->mdev);
    facts->mdev = mdev_facts_read(root);
    facts->gvt = gvt_facts_read(root);
    check_round_trip(&mdev_facts_type, facts->mdev);
    check_round_trip(&gvt_facts_type, facts->gvt);
    g_autoptr(GPtrArray) parents = capacity_of(facts);
    check_capacity(facts, parents);
    check_mix(facts, parents, mix);
    MdevFacts *mdev = g_steal_pointer(&facts->mdev);
    facts->mdev = record_new(&mdev_facts_type); /* no parent: why? */
    g_autoptr(GPtrArray) absences = absences_of(facts);
    g_assert(absences->len == 1);
    check_round_trip(&absence_type, absences->pdata[0]);
    record_free(&mdev_facts_type, mdev);
    return 0;
}
