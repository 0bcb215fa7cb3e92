/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/uevent.h"

#define UUID "550e8400-e29b-41d4-a716-446655440000"

static void test_parse(void)
{
    const char message[] = "add@/devices/pci0000:00/0000:00:02.0/" UUID "\0ACTION=add\0"
                           "DEVPATH=/devices/pci0000:00/0000:00:02.0/" UUID "\0SUBSYSTEM=mdev\0"
                           "MODALIAS=\0SEQNUM=1521";
    g_autoptr(Uevent) event = uevent_parse(message, sizeof message);
    g_assert_cmpstr(event->action, ==, "add");
    g_assert_cmpstr(event->path, ==, "/devices/pci0000:00/0000:00:02.0/" UUID);
    g_assert_cmpstr(event->subsystem, ==, "mdev");
    g_assert_cmpstr(uevent_get(event, "SEQNUM"), ==, "1521");
    g_assert_cmpstr(uevent_get(event, "MODALIAS"), ==, "");
    g_assert_null(uevent_get(event, "SEQ"));
    g_assert_null(uevent_get(event, "MDEV_STATE"));
}

static void check_refused(const char *message, gsize length)
{
    g_autoptr(Uevent) event = uevent_parse(message, length);
    g_assert_null(event);
}

static void test_bad(void)
{
    const char udevd[] = "libudev\0\xfe\xed\xca\xfe"; /* what udevd passes on */
    const char no_path[] = "add@/x\0ACTION=add";
    const char no_action[] = "add@/x\0DEVPATH=/x";
    check_refused("", 0);
    check_refused("", 1);
    check_refused("add@/x\0ACTION=add", 17); /* cut: without its last NUL */
    check_refused(udevd, sizeof udevd);
    check_refused(no_path, sizeof no_path);
    check_refused(no_action, sizeof no_action);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/uevent/parse", test_parse);
    g_test_add_func("/uevent/bad", test_bad);
    return g_test_run();
}
