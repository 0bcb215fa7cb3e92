# SPDX-License-Identifier: LGPL-2.1-or-later
"""bash: one function, sourced when vgpuctl is completed for the first time."""

import table

BASH = r"""# bash completion for vgpuctl(1); made from its command table
_vgpuctl_field() {{
    # shellcheck disable=SC2086 # a verb may be two words
    vgpuctl $1 --json 2>/dev/null | sed -n 's/^    "'"$2"'": "\([A-Za-z0-9._:-]*\)".*/\1/p'
}}

_vgpuctl_reply() {{
    local IFS=$'\n'
    # shellcheck disable=SC2207 # one word a line
    COMPREPLY+=($(compgen -W "$1" -- "$2"))
}}

_vgpuctl_files() {{
    local IFS=$'\n'
    compopt -o filenames 2>/dev/null
    # shellcheck disable=SC2207 # one name a line
    COMPREPLY+=($(compgen -f -- "$1"))
}}

_vgpuctl() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}
    local verb='' options='' i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${{COMP_WORDS[i]}} in
        --facts) ((i++)) ;;
        -*) ;;
        *)
            verb=${{COMP_WORDS[i]}}
            break
            ;;
        esac
    done
    case $verb in
    {parents})
        if ((COMP_CWORD > i + 1)); then
            verb="$verb ${{COMP_WORDS[i + 1]}}"
        fi
        ;;
    esac

    case $verb:$before in
{values}
    *:--facts)
        _vgpuctl_files "$current"
        return
        ;;
    esac

    case $verb in
    '')
        _vgpuctl_reply {verbs} "$current"
        options=$'--facts\n--json\n--verbose\n--version\n--help'
        ;;
{verb_cases}
    esac
    if [[ $current == -* ]]; then
        COMPREPLY=()
        _vgpuctl_reply "$options" "$current"
    fi
}}
complete -F _vgpuctl vgpuctl
"""


def bash_words(words):
    return "$'" + r"\n".join(words) + "'"


def bash_values(command):
    for option in command.options:
        pattern = f"    '{command.name}':--{option.name})\n"
        if option.values:
            values = bash_words(option.values)
            yield f'{pattern}        _vgpuctl_reply {values} "$current"\n        return\n        ;;'
        elif option.list:
            names = '"$(_vgpuctl_field \'%s\' %s)"' % option.list
            yield f'{pattern}        _vgpuctl_reply {names} "$current"\n        return\n        ;;'
        elif option.file:
            yield f'{pattern}        _vgpuctl_files "$current"\n        return\n        ;;'
        elif option.argument:
            yield f"{pattern}        return\n        ;;"


def bash_case(command):
    lines = [f"    '{command.name}')"]
    for verb, field in command.lists:
        lines.append(f'        _vgpuctl_reply "$(_vgpuctl_field \'{verb}\' {field})" "$current"')
    if command.files:
        lines.append('        _vgpuctl_files "$current"')
    options = bash_words([f"--{option.name}" for option in command.options])
    return "\n".join(lines + [f"        options={options}", "        ;;"])


def script(commands):
    seconds = table.second_words(commands)
    cases = [bash_case(command) for command in commands]
    for verb, group in seconds.items():
        words = bash_words([command.words[1] for command in group])
        cases.append(f'    \'{verb}\')\n        _vgpuctl_reply {words} "$current"\n        ;;')
    return BASH.format(
        parents="|".join(sorted(seconds)) or "' '",
        values="\n".join(line for command in commands for line in bash_values(command)),
        verbs=bash_words(table.first_words(commands)),
        verb_cases="\n".join(cases),
    )
