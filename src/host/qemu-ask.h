/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asking a QEMU binary what it can do. Three starts, each with a time limit:
 *
 *  - a machine "none" that answers QMP on its standard streams: version, object types, command line
 *    options, properties of the devices we use, the schema of screendump. qom-list-types loads
 *    every module that holds a type, and the option groups with it, so the spice options are there
 *    only after it (util/module.c:module_load_qom_all);
 *  - `-display help`, which opens each display's module and lists those that could be loaded
 *    (ui/console.c:qemu_display_help). The DisplayType enum of the schema is what the build knows,
 *    loadable or not;
 *  - `-L help`: where firmware is searched.
 *
 * The parsers are apart from the starts, so that recorded answers of other releases are tests.
 */
#pragma once

#include "host/facts-qemu.h"

/* For a QEMU that hangs: it answers in 0.3 s, in two on an emulated processor, and in ten when that
 * is shared. */
#define QEMU_ASK_LIMIT_MS 60000

/*
 * Fills @facts with what @facts->binary says; @limit_ms is for each start. FALSE with @error set
 * when it cannot be started, is no QEMU, dies or does not answer.
 */
gboolean qemu_ask(QemuFacts *facts, guint limit_ms, GError **error);

/* Lines of QMP, as the script of qemu_ask() gets them from a QEMU. FALSE: version or types are
 * missing. */
gboolean qemu_parse_answers(QemuFacts *facts, const char *answers, GError **error);

/* What `-display help` prints on stdout. Owned. */
GStrv qemu_parse_displays(const char *text);

/* What `-L help` prints: one absolute directory a line. Owned. */
GStrv qemu_parse_directories(const char *text);
