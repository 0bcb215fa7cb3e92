/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The texts are those that mdevctl 1.2.0 prints, in the order in which it declares its options. */
#include <stddef.h>

#include "mdevctl/command.h"

#define FIELD(name) offsetof(MdevctlRequest, name)

/* Options that several verbs have, each with words of its own. */
#define UUID(text, ...)                                                                            \
    {                                                                                              \
        OPTION_UUID, 'u', "uuid", "UUID", text, FIELD(uuid), ##__VA_ARGS__                         \
    }
#define PARENT(text, ...)                                                                          \
    {                                                                                              \
        OPTION_TEXT, 'p', "parent", "PARENT", text, FIELD(parent), ##__VA_ARGS__                   \
    }
#define TYPE(text)                                                                                 \
    {                                                                                              \
        OPTION_TEXT, 't', "type", "type", text, FIELD(type)                                        \
    }
#define JSONFILE(text, ...)                                                                        \
    {                                                                                              \
        OPTION_PATH, 0, "jsonfile", "JSONFILE", text, FIELD(jsonfile), .conflicts = __VA_ARGS__    \
    }
#define FLAG(short_name, long_name, text, field)                                                   \
    {                                                                                              \
        OPTION_FLAG, short_name, long_name, NULL, text, FIELD(field)                               \
    }

/* Those of mdevctl 1.3 that conflict with nothing of 1.2. */
#define FORCE                                                                                      \
    {                                                                                              \
        OPTION_FLAG, 'f', "force", NULL, NULL, FIELD(force), .is_hidden = TRUE                     \
    }
#define END                                                                                        \
    {                                                                                              \
        OPTION_END                                                                                 \
    }

static const MdevctlOption define_options[] = {
    UUID("Assign UUID to the device", .required_without = "parent"),
    FLAG('a', "auto", "Automatically start device on parent availability", auto_start),
    PARENT("Specify the parent of the device", .required_without = "uuid"),
    TYPE("Specify the mdev type of the device"),
    JSONFILE("Specify device details in JSON format", { "type", "auto" }),
    FORCE,
    END,
};

static const MdevctlOption undefine_options[] = {
    UUID("UUID of the device to be undefined", .is_required = TRUE),
    PARENT("Parent of the device to be undefined"),
    FORCE,
    END,
};

/* What a file replaces; without a file --live has nothing to work with either. */
#define REPLACED_BY_JSONFILE                                                                       \
    {                                                                                              \
        "type", "index", "value", "auto", "manual", "addattr", "delattr"                           \
    }

static const MdevctlOption modify_options[] = {
    UUID("UUID of the mdev to modify", .is_required = TRUE),
    PARENT("Parent of the mdev to modify"),
    TYPE("Modify the mdev type for this device"),
    {
        .kind = OPTION_TEXT,
        .long_name = "addattr",
        .value_name = "attr_name",
        .help = "add a new attribute",
        .field = FIELD(addattr),
        .requires = "value",
        .conflicts = { "delattr" },
    },
    FLAG(0, "delattr", "Delete an attribute", delattr),
    { OPTION_NUMBER, 'i', "index", "INDEX", "Index of the attribute to modify", FIELD(index) },
    {
        .kind = OPTION_TEXT,
        .long_name = "value",
        .value_name = "attr_value",
        .help = "Value for the attribute specified by --addattr",
        .field = FIELD(value),
    },
    FLAG('a', "auto", "Device will be started automatically", auto_start),
    {
        .kind = OPTION_FLAG,
        .short_name = 'm',
        .long_name = "manual",
        .help = "Device must be started manually",
        .field = FIELD(manual),
        .conflicts = { "auto" },
    },
    {
        .kind = OPTION_FLAG,
        .short_name = 'l',
        .long_name = "live",
        .field = FIELD(live),
        .requires = "jsonfile",
        .conflicts = REPLACED_BY_JSONFILE,
        .is_hidden = TRUE,
    },
    { OPTION_FLAG, 'd', "defined", .field = FIELD(defined), .is_hidden = TRUE },
    JSONFILE(NULL, REPLACED_BY_JSONFILE, .is_hidden = TRUE),
    FORCE,
    END,
};

static const MdevctlOption start_options[] = {
    UUID("UUID of the device to start", .required_without = "parent"),
    PARENT("Parent of the device to start", .required_without = "uuid"),
    TYPE("Mdev type of the device to start"),
    JSONFILE("Details of the device to be started, in JSON format", { "type" }),
    FORCE,
    END,
};

static const MdevctlOption stop_options[] = {
    UUID("UUID of the device to stop", .is_required = TRUE),
    FORCE,
    END,
};

static const MdevctlOption list_options[] = {
    FLAG('d', "defined", "Show defined devices", defined),
    FLAG(0, "dumpjson", "Output device list in json format", dumpjson),
    FLAG('v', "verbose", "Print additional information about the devices", verbose),
    UUID("List devices matching the specified UUID"),
    PARENT("List devices associated with the specified Parent device"),
    END,
};

static const MdevctlOption types_options[] = {
    PARENT("Show supported types for the specified parent"),
    FLAG(0, "dumpjson", "Output mdev types list in JSON format", dumpjson),
    END,
};

static const MdevctlOption start_parent_options[] = {
    { OPTION_TEXT, 0, NULL, "PARENT", NULL, FIELD(parent), .is_required = TRUE },
    END,
};

static const MdevctlOption help_options[] = {
    {
        .kind = OPTION_TEXT,
        .value_name = "SUBCOMMAND",
        .help = "The subcommand whose help message to display",
        .takes_many = TRUE,
    },
    END,
};

static const MdevctlCommand verbs[] = {
    {
        .name = "define",
        .verb = MDEVCTL_VERB_DEFINE,
        .about = "Define a persistent mediated device",
        .long_about =
            "Define a persistent mediated device\n"
            "\n"
            "If the device specified by the UUID currently exists, 'parent' and 'type' may be "
            "omitted to use the\n"
            "existing values. The 'auto' option marks the device to start on parent availability.  "
            "If defined via\n"
            "'jsonfile', then 'type', 'startup', and any attributes are provided via the file.\n"
            "\n"
            "Running devices are unaffected by this command.",
        .options = define_options,
    },
    {
        .name = "undefine",
        .verb = MDEVCTL_VERB_UNDEFINE,
        .about = "Undefine a persistent mediated device",
        .long_about =
            "Undefine, or remove a config for an mdev device\n"
            "\n"
            "If a UUID exists for multiple parents, all will be removed unless a parent is\n"
            "                specified.\n"
            "\n"
            "Running devices are unaffected by this command.",
        .options = undefine_options,
    },
    {
        .name = "modify",
        .verb = MDEVCTL_VERB_MODIFY,
        .about = "Modify the definition of a mediated device",
        .long_about =
            "Modify the definition of a mediated device\n"
            "\n"
            "The 'parent' option further identifies a UUID if it is not unique. The parent for a "
            "device cannot be\n"
            "modified via this command; undefine and re-define should be used instead. An "
            "attribute can be added\n"
            "or removed, which correlates to a sysfs attribute under the created device. Unless an "
            "'index' value\n"
            "is provided, operations are performed at the end of the attribute list. 'value' is to "
            "be specified\n"
            "in the format that is accepted by the attribute. Upon device start, mdevctl will go "
            "through each\n"
            "attribute in order, writing the value into the corresponding sysfs attribute for the "
            "device. The\n"
            "startup mode of the device can also be selected, auto or manual.\n"
            "\n"
            "Running devices are unaffected by this command.",
        .options = modify_options,
    },
    {
        .name = "start",
        .verb = MDEVCTL_VERB_START,
        .about = "Start a mediated device",
        .long_about =
            "Start a mediated device\n"
            "\n"
            "If the UUID is previously defined and unique, the UUID is sufficient to start the "
            "device (UUIDs may\n"
            "not collide between running devices). If a UUID is used in multiple defined "
            "configurations, the\n"
            "'parent' is necessary to identify the device to be started.  When specified with "
            "'parent' and\n"
            "'type', the device is fully specified and will be started based only on these "
            "parameters.  The UUID\n"
            "is optional in this case. If not provided, a UUID is generated and returned as "
            "output. A 'jsonfile'\n"
            "may replace the 'type' specification and also include additional attributes to be "
            "applied to the\n"
            "started device.",
        .options = start_options,
    },
    {
        .name = "stop",
        .verb = MDEVCTL_VERB_STOP,
        .about = "Stop a mediated device",
        .options = stop_options,
    },
    {
        .name = "list",
        .verb = MDEVCTL_VERB_LIST,
        .about = "List mediated devices",
        .long_about =
            "List mediated devices\n"
            "\n"
            "With no options, information about the currently running mediated devices is "
            "provided. Specifying\n"
            "'defined' lists the configuration of defined devices, regardless of their running "
            "state. This may be\n"
            "further reduced by specifying specific 'uuid' or 'parent' devices to list. The "
            "'dumpjson' option\n"
            "provides output listing in machine readable JSON format. When a 'uuid' option is "
            "provided and the\n"
            "result is a single device, the output contains only the JSON fields necessary to "
            "recreate a config\n"
            "file for the device (minus attributes for listings of running devices). When the "
            "verbose option is\n"
            "provided, the human readable listing will include attributes for the device(s).",
        .options = list_options,
        .has_version = TRUE,
    },
    {
        .name = "types",
        .verb = MDEVCTL_VERB_TYPES,
        .about = "List available mediated device types",
        .long_about =
            "List available mediated device types\n"
            "\n"
            "Specifying a 'parent' lists only the types provided by the given parent device. The "
            "'dumpjson'\n"
            "option provides output in machine readable JSON format.",
        .options = types_options,
    },
    {
        .name = "start-parent-mdevs",
        .verb = MDEVCTL_VERB_START_PARENT_MDEVS,
        .options = start_parent_options,
        .is_hidden = TRUE,
    },
    {
        .name = "help",
        .about = "Print this message or the help of the given subcommand(s)",
        .options = help_options,
        .has_no_help = TRUE,
    },
    { 0 },
};

const MdevctlCommand mdevctl_program = {
    .name = "mdevctl",
    .is_program = TRUE,
    .about = "A mediated device management utility for Linux",
    .verbs = verbs,
    .has_version = TRUE,
};

const MdevctlCommand lsmdev_program = {
    .name = "lsmdev",
    .is_program = TRUE,
    .verb = MDEVCTL_VERB_LIST,
    .about = "List mediated devices",
    .options = list_options,
    .has_version = TRUE,
};
