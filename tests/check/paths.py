"""No file names a path of the machine it was written on.
usage: paths.py SOURCE"""
import re

from tree import files, finish, lines

# A home folder with a user's name, root's files, a scratch folder with a name: not /tmp or /home in general.
PATH = re.compile(r"(?<![\w.$}])/(?:home|Users)/(?!user\b|USER\b|\$|\.\.\.)[A-Za-z][\w.-]*/|(?<![\w.$}])/root/[\w.]|(?<![\w.$}])/work/\w")


def main():
    faults, checked = [], 0
    for path in files():
        if path == "tests/check/paths.py":
            continue
        checked += 1
        faults += [f"{path}:{number}: {line.strip()[:120]}" for number, line in enumerate(lines(path), 1) if PATH.search(line)]
    finish("paths", checked, faults)


main()
