# SPDX-License-Identifier: LGPL-2.1-or-later
"""fish: one `complete` line for each thing that can be completed."""

import table

HEAD = r"""# fish completion for vgpuctl(1); made from its command table
function __vgpuctl_field
    vgpuctl (string split ' ' $argv[1]) --json 2>/dev/null \
        | string replace -rf '^    "'$argv[2]'": "([A-Za-z0-9._:-]*)".*' '$1'
end

# the verb, and the sub-verb behind it, of the line so far
function __vgpuctl_words
    set -l words (commandline -opc)[2..]
    while set -q words[1]
        switch $words[1]
            case --facts
                set -e words[1]
            case '-*'
            case '*'
                echo $words[1..2] | string trim
                return
        end
        set -e words[1]
    end
end

function __vgpuctl_verb
    set -l words (__vgpuctl_words)
    string match -q -- "$argv[1]" "$words"; or string match -q -- "$argv[1] *" "$words"
end

function __vgpuctl_no_verb
    test -z (__vgpuctl_words | string collect)
end

complete -c vgpuctl -f
complete -c vgpuctl -n __vgpuctl_no_verb -l facts -rF -d 'Judge the machine described in FILE'
complete -c vgpuctl -n __vgpuctl_no_verb -l version -d 'Print the version'
complete -c vgpuctl -n __vgpuctl_no_verb -l help -d 'Print help'
"""


def quote(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def complete(command, rest):
    condition = quote(f"__vgpuctl_verb '{command.name}'")
    return f"complete -c vgpuctl -n {condition} {rest}"


def option_line(command, option):
    takes = ""
    if option.values:
        takes = f" -xa {quote(' '.join(option.values))}"
    elif option.list:
        takes = f" -xa {quote('(__vgpuctl_field %s %s)' % (quote(option.list[0]), option.list[1]))}"
    elif option.file:
        takes = " -rF"
    elif option.argument:
        takes = " -x"
    return complete(command, f"-l {option.name}{takes} -d {quote(option.summary)}")


def command_lines(command):
    lines = [option_line(command, option) for option in command.options]
    for verb, field in command.lists:
        lines.append(complete(command, f"-a {quote(f'(__vgpuctl_field {quote(verb)} {field})')}"))
    if command.files:
        lines.append(complete(command, "-F"))
    return lines


def script(commands):
    lines = [
        f"complete -c vgpuctl -n __vgpuctl_no_verb -a {verb} -d {quote(summary)}"
        for verb, summary in table.first_words(commands).items()
    ]
    for verb, group in table.second_words(commands).items():
        condition = quote(f'test "$(__vgpuctl_words)" = {verb}')
        lines += [
            f"complete -c vgpuctl -n {condition} -a {command.words[1]} -d {quote(command.summary)}"
            for command in group
        ]
    for command in commands:
        lines += command_lines(command)
    return HEAD + "\n".join(lines) + "\n"
