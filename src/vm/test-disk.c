/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/disk.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"

typedef struct {
    char *directory;
} Fixture;

static void set_up(Fixture *fixture, const void *data)
{
    fixture->directory = g_dir_make_tmp("vgpuctl-disk-XXXXXX", NULL);
    g_assert_nonnull(fixture->directory);
}

static void tear_down(Fixture *fixture, const void *data)
{
    file_remove_tree(fixture->directory, NULL);
    g_free(fixture->directory);
}

static char *in(Fixture *fixture, const char *name)
{
    return g_build_filename(fixture->directory, name, NULL);
}

static char *write_file(Fixture *fixture, const char *name, const void *data, gsize length)
{
    char *path = in(fixture, name);
    g_assert_true(file_write_atomic(path, data, length, 0600, NULL));
    return path;
}

/* FALSE, and the test is skipped, where there is no qemu-img. */
static gboolean qemu_img(const char *first, ...)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_ptr_array_add(argv, (gpointer) "qemu-img");
    va_list args;
    va_start(args, first);
    for (const char *arg = first; arg != NULL; arg = va_arg(args, const char *))
        g_ptr_array_add(argv, (gpointer)arg);
    va_end(args);
    g_ptr_array_add(argv, NULL);
    ProcessRequest request = { .argv = (const char *const *)argv->pdata, .limit_ms = 60000 };
    g_auto(ProcessResult) result = { 0 };
    if (!process_run(&request, &result, NULL)) {
        g_test_skip("qemu-img is not installed");
        return FALSE;
    }
    g_test_message("%s%s", result.out, result.err);
    g_assert_true(process_succeeded(&result));
    return TRUE;
}

static void assert_refused(const char *path, const char *format, const char *part)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(disk_probe(path, format, &error));
    g_assert_nonnull(error);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, path));
    g_assert_nonnull(strstr(error->message, part));
    g_assert_null(strchr(error->message, '\n'));
}

static DiskInfo *probe(const char *path, const char *format)
{
    g_autoptr(GError) error = NULL;
    DiskInfo *info = disk_probe(path, format, &error);
    g_assert_no_error(error);
    return info;
}

/* every format that qemu-img makes is known by its content, with its size where we say so */
static void test_formats(Fixture *fixture, const void *data)
{
    static const struct {
        const char *format;
        gboolean size;
    } cases[] = { { "raw", TRUE },   { "qcow2", TRUE }, { "vmdk", TRUE }, { "vdi", TRUE },
                  { "vhdx", FALSE }, { "vpc", FALSE },  { "qed", TRUE },  { "qcow", FALSE } };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = in(fixture, cases[i].format);
        if (!qemu_img("create", "-q", "-f", cases[i].format, path, "8M", NULL))
            return;
        DiskInfo *info = probe(path, NULL);
        g_assert_cmpstr(info->format, ==, cases[i].format);
        g_assert_cmpuint(info->virtual_bytes, ==, cases[i].size ? 8 << 20 : 0);
        g_assert_true(info->writable);
        g_assert_false(info->block_device || info->iso || info->encrypted);
        record_free(&disk_info_type, info);
    }
}

static void test_fixed_vpc(Fixture *fixture, const void *data)
{
    g_autofree char *path = in(fixture, "disk.vhd");
    if (!qemu_img("create", "-q", "-f", "vpc", "-o", "subformat=fixed", path, "4M", NULL))
        return;
    DiskInfo *info = probe(path, NULL);
    g_assert_cmpstr(info->format, ==, "vpc");
    record_free(&disk_info_type, info);
}

static void test_qcow2_v2(Fixture *fixture, const void *data)
{
    g_autofree char *path = in(fixture, "old");
    if (!qemu_img("create", "-q", "-f", "qcow2", "-o", "compat=0.10", path, "4M", NULL))
        return;
    DiskInfo *info = probe(path, "qcow2");
    g_assert_cmpuint(info->virtual_bytes, ==, 4 << 20);
    record_free(&disk_info_type, info);
}

static void test_encrypted(Fixture *fixture, const void *data)
{
    g_autofree char *path = in(fixture, "secret.qcow2");
    if (!qemu_img("create", "-q", "--object", "secret,id=s,data=x", "-f", "qcow2", "-o",
                  "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10", path, "4M",
                  NULL))
        return;
    DiskInfo *info = probe(path, NULL);
    g_assert_true(info->encrypted);
    record_free(&disk_info_type, info);
}

static void test_backing(Fixture *fixture, const void *data)
{
    g_autofree char *base = in(fixture, "base.qcow2");
    g_autofree char *overlay = in(fixture, "overlay.qcow2");
    if (!qemu_img("create", "-q", "-f", "qcow2", base, "4M", NULL))
        return;
    qemu_img("create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", overlay, NULL);
    DiskInfo *info = probe(overlay, NULL);
    g_assert_cmpstr(info->backing_file, ==, "base.qcow2");
    g_assert_cmpstr(info->backing_format, ==, "qcow2");
    record_free(&disk_info_type, info);

    g_unlink(base);
    assert_refused(overlay, NULL, "its backing file");
}

/* a qcow2 header as a hostile guest would write it onto its raw disk */
static void make_qcow2(guint8 *head, gsize length)
{
    memset(head, 0, length);
    memcpy(head, "QFI\xfb\0\0\0\3", 8);
    head[23] = 16;   /* cluster_bits */
    head[29] = 0x10; /* size: 1 MiB */
    head[39] = 1;    /* L1 entries */
    head[46] = 2;    /* L1 at 512 */
    head[54] = 4;    /* refcount table at 1024 */
    head[59] = 1;    /* its clusters */
    head[99] = 4;    /* refcount_order */
    head[103] = 104; /* header_length */
}

static void put_backing(guint8 *head, guint offset, guint length)
{
    head[14] = (guint8)(offset >> 8);
    head[15] = (guint8)offset;
    head[18] = (guint8)(length >> 8);
    head[19] = (guint8)length;
}

static void test_raw_named(Fixture *fixture, const void *data)
{
    guint8 head[4096];
    make_qcow2(head, sizeof head);
    g_autofree char *path = write_file(fixture, "guest.IMG", head, sizeof head);
    assert_refused(path, NULL, "format=qcow2");
    assert_refused(path, "auto", "the content says qcow2");
    DiskInfo *info = probe(path, "raw");
    g_assert_cmpstr(info->format, ==, "raw");
    record_free(&disk_info_type, info);
    info = probe(path, "qcow2");
    g_assert_cmpstr(info->format, ==, "qcow2");
    record_free(&disk_info_type, info);
}

static void test_damaged_qcow2(Fixture *fixture, const void *data)
{
    static const struct {
        gsize offset;
        guint8 value;
        const char *part;
    } cases[] = {
        { 79, 0x02, "qemu-img check -r all" },
        { 79, 0x80, "unknown to us (0x80)" },
        { 23, 8, "clusters of 2^8" },
        { 23, 22, "clusters of 2^22" },
        { 36, 0xff, "an L1 table of" },
        { 44, 1, "its L1 table ends behind" },
        { 52, 1, "its refcount table ends behind" },
        { 103, 8, "header length 8" },
        { 100, 1, "header length" },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint8 head[4096];
        make_qcow2(head, sizeof head);
        head[cases[i].offset] = cases[i].value;
        g_autofree char *path = write_file(fixture, "a.qcow2", head, sizeof head);
        assert_refused(path, NULL, cases[i].part);
    }
}

static void test_damaged_backing(Fixture *fixture, const void *data)
{
    static const struct {
        guint offset, length;
        const char *part;
    } cases[] = {
        { 50, 4, "name of the backing file" },     /* inside the header */
        { 4090, 8, "name of the backing file" },   /* behind the end */
        { 200, 1024, "name of the backing file" }, /* longer than QEMU takes */
        { 200, 0, "name of the backing file" },
        { 200, 12, "is not recorded" }, /* exists, no format */
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint8 head[4096];
        make_qcow2(head, sizeof head);
        put_backing(head, cases[i].offset, cases[i].length);
        memcpy(head + 200, "////dev/null", 12);
        g_autofree char *path = write_file(fixture, "a.qcow2", head, sizeof head);
        assert_refused(path, NULL, cases[i].part);
    }
}

static void test_truncated(Fixture *fixture, const void *data)
{
    guint8 head[4096];
    make_qcow2(head, sizeof head);
    for (gsize length = 8; length < 104; length += 8) {
        g_autofree char *path = write_file(fixture, "a.qcow2", head, length);
        assert_refused(path, NULL, "truncated");
    }
}

static void test_iso(Fixture *fixture, const void *data)
{
    g_autofree guint8 *image = g_malloc0(40960);
    memcpy(image + 32769, "CD001", 5);
    g_autofree char *path = write_file(fixture, "cd.iso", image, 40960);
    DiskInfo *info = probe(path, NULL);
    g_assert_true(info->iso);
    g_assert_cmpstr(info->format, ==, "raw");
    record_free(&disk_info_type, info);
}

static void test_refused_files(Fixture *fixture, const void *data)
{
    g_autofree char *missing = in(fixture, "missing");
    assert_refused(missing, NULL, "no such file");
    assert_refused(fixture->directory, NULL, "it is a directory");
    g_autofree char *empty = write_file(fixture, "empty", "", 0);
    assert_refused(empty, NULL, "it is empty");
    g_autofree char *text = write_file(fixture, "text", "hello", 5);
    assert_refused(text, "qcow2", "it is no qcow2 image: the content says raw");
    assert_refused(text, "qcov2", "unknown format 'qcov2'");
    g_autofree char *fifo = in(fixture, "fifo");
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    assert_refused(fifo, NULL, "neither a file nor a block device");
}

static void test_unreadable(Fixture *fixture, const void *data)
{
    g_autofree char *path = write_file(fixture, "secret", "hello", 5);
    if (geteuid() == 0) {
        g_test_skip("root reads every file");
        return;
    }
    g_chmod(path, 0);
    assert_refused(path, NULL, "Permission denied");
}

static void hold(int fd, off_t byte)
{
    struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };
    g_assert_cmpint(fcntl(fd, F_OFD_SETLK, &lock), ==, 0);
}

/* byte by byte: what each of QEMU's locks forbids to a writer and to a reader */
static void test_lock_bytes(Fixture *fixture, const void *data)
{
    static const struct {
        off_t byte;
        gboolean writer, reader;
    } cases[] = {
        { 100, TRUE, TRUE },   /* somebody reads */
        { 101, FALSE, FALSE }, /* somebody writes */
        { 103, FALSE, FALSE }, /* somebody resizes */
        { 200, FALSE, FALSE }, /* somebody wants nobody to read */
        { 201, FALSE, TRUE },  /* somebody wants nobody to write: a read-only guest */
        { 203, FALSE, TRUE },
    };
    g_autofree char *path = write_file(fixture, "disk", "hello", 5);
    DiskInfo *info = probe(path, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        autofd int fd = open(path, O_RDWR | O_CLOEXEC);
        hold(fd, cases[i].byte);
        g_autoptr(GError) error = NULL;
        g_assert_cmpint(disk_check_lock(info, FALSE, &error), ==, cases[i].writer);
        g_assert_cmpint(disk_check_lock(info, TRUE, NULL), ==, cases[i].reader);
        if (!cases[i].writer)
            g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_BUSY);
    }
    g_assert_true(disk_check_lock(info, FALSE, NULL));
    record_free(&disk_info_type, info);
}

/* Waits for the first byte QEMU's monitor says: then its devices stand. */
static gboolean greeted(int fd)
{
    char c;
    return read(fd, &c, 1) == 1;
}

static void test_lock_qemu(Fixture *fixture, const void *data)
{
    g_autofree char *path = in(fixture, "disk.qcow2");
    if (!qemu_img("create", "-q", "-f", "qcow2", path, "4M", NULL))
        return;
    DiskInfo *info = probe(path, NULL);
    g_assert_true(disk_check_lock(info, FALSE, NULL));

    g_autofree char *drive = g_strdup_printf("if=virtio,format=qcow2,file=%s", path);
    char *argv[] = { (char *)"qemu-system-x86_64",
                     (char *)"-S",
                     (char *)"-nodefaults",
                     (char *)"-machine",
                     (char *)"pc,accel=tcg",
                     (char *)"-display",
                     (char *)"none",
                     (char *)"-qmp",
                     (char *)"stdio",
                     (char *)"-drive",
                     drive,
                     NULL };
    GPid pid;
    int in_fd = -1, out_fd = -1;
    if (!g_spawn_async_with_pipes(NULL, argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
                                  NULL, NULL, &pid, &in_fd, &out_fd, NULL, NULL)) {
        record_free(&disk_info_type, info);
        g_test_skip("qemu-system-x86_64 is not installed");
        return;
    }
    g_assert_true(greeted(out_fd));
    g_autoptr(GError) error = NULL;
    g_assert_false(disk_check_lock(info, FALSE, &error));
    g_autofree char *holder = g_strdup_printf("process %d (", (int)pid);
    g_assert_nonnull(strstr(error->message, holder));
    g_assert_false(disk_check_lock(info, TRUE, NULL));

    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(in_fd);
    close(out_fd);
    g_assert_true(disk_check_lock(info, FALSE, NULL));
    record_free(&disk_info_type, info);
}

static void test_create(Fixture *fixture, const void *data)
{
    g_autofree char *qemu = g_find_program_in_path("qemu-img");
    if (qemu == NULL) {
        g_test_skip("qemu-img is not installed");
        return;
    }
    g_autoptr(GError) error = NULL;
    g_autofree char *path = in(fixture, "new.qcow2");
    g_assert_true(disk_create(path, 16 << 20, &error));
    g_assert_no_error(error);
    DiskInfo *info = probe(path, NULL);
    g_assert_cmpstr(info->format, ==, "qcow2");
    g_assert_cmpuint(info->virtual_bytes, ==, 16 << 20);
    record_free(&disk_info_type, info);

    g_assert_false(disk_create(path, 32 << 20, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_EXISTS);
    info = probe(path, NULL);
    g_assert_cmpuint(info->virtual_bytes, ==, 16 << 20);
    record_free(&disk_info_type, info);

    g_clear_error(&error);
    g_autofree char *nowhere = in(fixture, "no/such/disk.qcow2");
    g_assert_false(disk_create(nowhere, 1 << 20, &error));
    g_assert_null(strchr(error->message, '\n'));
    GDir *directory = g_dir_open(fixture->directory, 0, NULL);
    g_assert_cmpstr(g_dir_read_name(directory), ==, "new.qcow2");
    g_assert_null(g_dir_read_name(directory));
    g_dir_close(directory);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add(name, Fixture, NULL, set_up, function, tear_down)
    ADD("/disk/formats", test_formats);
    ADD("/disk/fixed-vpc", test_fixed_vpc);
    ADD("/disk/qcow2-v2", test_qcow2_v2);
    ADD("/disk/encrypted", test_encrypted);
    ADD("/disk/backing", test_backing);
    ADD("/disk/raw-named", test_raw_named);
    ADD("/disk/damaged-qcow2", test_damaged_qcow2);
    ADD("/disk/damaged-backing", test_damaged_backing);
    ADD("/disk/truncated", test_truncated);
    ADD("/disk/iso", test_iso);
    ADD("/disk/refused-files", test_refused_files);
    ADD("/disk/unreadable", test_unreadable);
    ADD("/disk/lock-bytes", test_lock_bytes);
    ADD("/disk/lock-qemu", test_lock_qemu);
    ADD("/disk/create", test_create);
    return g_test_run();
}
