# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands of vgpuctl as completion sees them, from `vgpuctl command-table`.

What an option or operand takes is read from the table as people read it in --help: FILE and PATH are
files, BDF is a GPU, UUID a vGPU, "bios or uefi" as the meaning of an option are its values.
"""

import json
import re
import subprocess

GLOBAL = [("json", "Print JSON"), ("verbose", "Say what is done"), ("help", "Print help")]
# whose JSON says what a NAME or an address can be: a command of the program, and the field
RUNNING, DEFINED, GPUS = ("ps", "name"), ("vm list", "name"), ("gpus", "bdf")
VGPUS, VGPU_NAMES = ("list", "uuid"), ("list", "name")
LISTS = {
    "destroy": [VGPU_NAMES, VGPUS],
    "gpu": [GPUS],
    "logs": [RUNNING, DEFINED],
    "release": [VGPU_NAMES, VGPUS],
    "run": [DEFINED],
    "screenshot": [RUNNING],
    "stop": [RUNNING],
    "vm edit": [DEFINED],
    "vm undefine": [DEFINED],
}


class Option:
    def __init__(self, row):
        self.name, self.summary = row["name"], row["summary"]
        self.argument = row["argument"]
        self.values = choices(self.summary) if self.argument else []
        self.list = {"BDF": GPUS, "ADDRESS": GPUS, "UUID|NAME": VGPUS}.get(self.argument)
        self.file = bool(self.argument and re.match(r"FILE|PATH", self.argument))


class Command:
    def __init__(self, row):
        self.name, self.summary = row["name"], row["summary"]
        self.options = [Option(option) for option in row["options"]]
        known = {option.name for option in self.options}
        self.options += [
            Option({"name": name, "summary": summary, "argument": None})
            for name, summary in GLOBAL
            if name not in known and (name != "json" or row["json"])
        ]
        self.lists = LISTS.get(self.name, [])
        self.files = bool(re.search(r"DISK|ISO|FILE|PATH", row["arguments"].split("--")[0]))

    @property
    def words(self):
        return self.name.split()


def choices(summary):
    """"user, none or bridge=NAME" gives user, none, bridge=."""
    if not re.fullmatch(r"[\w-]+(, [\w-]+)* or [\w-]+(=[A-Z]+)?", summary):
        return []
    return [re.sub(r"=[A-Z]+$", "=", word) for word in re.split(r", | or ", summary)]


def read_commands(program):
    said = subprocess.run([program, "command-table"], stdout=subprocess.PIPE, check=True).stdout
    return [Command(row) for row in json.loads(said) if not row["hidden"]]


def first_words(commands):
    """Verbs with their summary; a verb of sub-verbs once, with all they do."""
    words = {}
    for command in commands:
        words.setdefault(command.words[0], []).append(command)
    return {
        word: group[0].summary
        if len(group[0].words) == 1
        else "Subcommands: " + ", ".join(command.words[1] for command in group)
        for word, group in words.items()
    }


def second_words(commands):
    words = {}
    for command in commands:
        if len(command.words) == 2:
            words.setdefault(command.words[0], []).append(command)
    return words
