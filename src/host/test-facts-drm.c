/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/facts-drm.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/drm-sysfs.h"
#include "host/facts-pci.h"
#include "tests/lib/fake-root.h"

static void free_all(const RecordType *type, GPtrArray *records)
{
    for (guint i = 0; i < records->len; i++)
        record_free(type, records->pdata[i]);
    g_ptr_array_free(records, TRUE);
}

static void test_nodes(void)
{
    g_auto(FakeRoot) fake = fake_root_new("notes-machine");
    GPtrArray *nodes = drm_nodes_read(fake.root);
    g_assert_cmpuint(nodes->len, ==, 2);
    const DrmNode *card = nodes->pdata[0], *render = nodes->pdata[1];
    g_assert_cmpstr(card->path, ==, "/dev/dri/card0");
    g_assert_false(card->render);
    g_assert_cmpstr(render->path, ==, "/dev/dri/renderD128");
    g_assert_true(render->render && render->usable);
    g_assert_null(render->unusable_why);
    g_assert_cmpstr(render->by_path, ==, "/dev/dri/by-path/pci-0000:00:02.0-render");
    g_assert_cmpstr(render->parent, ==, "0000:00:02.0");
    g_assert_cmpstr(render->driver, ==, "i915");
    free_all(&drm_node_type, nodes);
}

static void test_no_nodes(void)
{
    g_auto(FakeRoot) fake = fake_root_new("none");
    GPtrArray *nodes = drm_nodes_read(fake.root);
    g_assert_cmpuint(nodes->len, ==, 0);
    free_all(&drm_node_type, nodes);
}

/* where the DRM device hangs below the virtio device, its parent still is the PCI device */
static void test_below_virtio(void)
{
    g_auto(FakeRoot) fake = fake_root_new("virtio");
    GPtrArray *nodes = drm_nodes_read(fake.root);
    g_assert_cmpuint(nodes->len, ==, 2);
    const DrmNode *render = nodes->pdata[1];
    g_assert_cmpstr(render->parent, ==, "0000:00:01.0");
    g_assert_cmpstr(render->driver, ==, "virtio_gpu");
    g_assert_null(render->by_path);
    free_all(&drm_node_type, nodes);

    g_autofree char *primary = NULL, *node = NULL;
    drm_sysfs_nodes(fake.root, "/sys/bus/pci/devices/0000:00:01.0", &primary, &node);
    g_assert_cmpstr(primary, ==, "/dev/dri/card0");
    g_assert_cmpstr(node, ==, "/dev/dri/renderD128");
    GPtrArray *connectors = drm_sysfs_connectors(fake.root, "/sys/bus/pci/devices/0000:00:01.0");
    g_assert_cmpuint(connectors->len, ==, 1);
    g_assert_cmpstr(((DrmConnector *)connectors->pdata[0])->name, ==, "Virtual-1");
    free_all(&drm_connector_type, connectors);
}

/* In the child: whether the render node is refused with @why. */
static int check_refusal(const Root *root, const char *why)
{
    GPtrArray *nodes = drm_nodes_read(root);
    const DrmNode *render = nodes->len == 2 ? nodes->pdata[1] : NULL;
    gboolean good = render != NULL && !render->usable && g_strcmp0(render->unusable_why, why) == 0;
    if (!good && render != NULL)
        g_printerr("# %s\n", render->unusable_why);
    free_all(&drm_node_type, nodes);
    return good ? 0 : 1;
}

static void test_refused(void)
{
    if (geteuid() != 0) {
        g_test_skip("only root can give the node to another user");
        return;
    }
    g_auto(FakeRoot) fake = fake_root_new("notes-machine");
    g_autofree char *node = g_strconcat(fake.directory, "/dev/dri/renderD128", NULL);
    g_assert_cmpint(chown(node, 0, 12345), ==, 0);
    g_assert_cmpint(chmod(node, 0660), ==, 0);

    pid_t child = fork();
    if (child == 0) {
        if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
            _exit(2);
        _exit(check_refusal(fake.root, "Permission denied (root:12345 0660)"));
    }
    int status = 0;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

static void test_monitor_name(void)
{
    guint8 edid[128] = { 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0 };
    g_assert_null(edid_monitor_name(edid, sizeof edid));
    /* the last of the four descriptors, filled to its end without the closing newline */
    const guint8 descriptor[18] = { 0,   0,   0,   0xfc, 0,   'A', 'B', 'C', 'D',
                                    'E', 'F', 'G', 'H',  'I', 'J', 'K', 'L', 'M' };
    memcpy(edid + 108, descriptor, sizeof descriptor);
    g_autofree char *name = edid_monitor_name(edid, sizeof edid);
    g_assert_cmpstr(name, ==, "ABCDEFGHIJKLM");
    g_assert_null(edid_monitor_name(edid, 127));
    edid[0] = 1;
    g_assert_null(edid_monitor_name(edid, sizeof edid));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/facts-drm/nodes", test_nodes);
    g_test_add_func("/facts-drm/no-nodes", test_no_nodes);
    g_test_add_func("/facts-drm/below-virtio", test_below_virtio);
    g_test_add_func("/facts-drm/refused", test_refused);
    g_test_add_func("/facts-drm/monitor-name", test_monitor_name);
    return g_test_run();
}
