# SPDX-License-Identifier: LGPL-2.1-or-later
"""zsh: _arguments for every command."""

import re

import table

SCRIPT = r"""#compdef vgpuctl
# zsh completion for vgpuctl(1); made from its command table
_vgpuctl_field() {{
    local -a found
    found=(${{(f)"$(vgpuctl ${{=1}} --json 2>/dev/null | sed -n 's/^    "'"$2"'": "\([A-Za-z0-9._:-]*\)".*/\1/p')"}})
    (( $#found )) && compadd -a found
}}

_vgpuctl_operands() {{
    case $1 in
{operands}
    esac
}}

_vgpuctl_command() {{
    case $1 in
{commands}
    esac
}}

_vgpuctl() {{
    local curcontext=$curcontext state line
    local -a verbs
    verbs=(
{verbs}
    )
    _arguments -C \
        '--facts[Judge the machine described in FILE]:file:_files' \
        '--json[Print JSON]' '--verbose[Say what is done]' \
        '--version[Print the version]' '--help[Print help]' \
        '1:command:->verb' '*::argument:->rest' && return
    case $state in
    verb) _describe command verbs ;;
    rest) _vgpuctl_command $line[1] ;;
    esac
}}

_vgpuctl "$@"
"""


def quote(text):
    return "'" + text.replace("'", "'\\''") + "'"


def escape(text):
    return re.sub(r"([\[\]:\\])", r"\\\1", text)


def option_spec(option):
    if not option.argument:
        return quote(f"--{option.name}[{escape(option.summary)}]")
    action = " "
    if option.values:
        action = f"({' '.join(option.values)})"
    elif option.list:
        action = ' _vgpuctl_field "%s" %s' % option.list
    elif option.file:
        action = "_files"
    argument = escape(option.argument.lower())
    return quote(f"*--{option.name}[{escape(option.summary)}]:{argument}:{action}")


def operand_case(command):
    actions = [f"_vgpuctl_field {quote(verb)} {field}" for verb, field in command.lists]
    actions += ["_files"] if command.files else []
    return f"    {quote(command.name)}) {'; '.join(actions)} ;;"


def arguments(specs):
    return "_arguments " + " \\\n            ".join(specs)


def command_case(command):
    specs = [option_spec(option) for option in command.options]
    if command.lists or command.files:
        specs.append(quote(f'*:operand: _vgpuctl_operands "{command.name}"'))
    return f"    {quote(command.name)}) {arguments(specs)} ;;"


def parent_case(verb, group):
    words = " ".join(command.words[1] for command in group)
    return (
        f"    {verb})\n"
        f"        _arguments -C '1:subcommand:({words})' '*::argument:->rest' && return\n"
        f'        [[ $state = rest ]] && _vgpuctl_command "{verb} $line[1]"\n'
        "        ;;"
    )


def script(commands):
    verbs = table.first_words(commands).items()
    return SCRIPT.format(
        operands="\n".join(
            operand_case(command) for command in commands if command.lists or command.files
        ),
        commands="\n".join(
            [command_case(command) for command in commands]
            + [parent_case(*item) for item in table.second_words(commands).items()]
        ),
        verbs="\n".join(f"        {quote(f'{escape(verb)}:{summary}')}" for verb, summary in verbs),
    )
