"""backends - questions to the pool of workers, for tests of the back ends."""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *   # noqa: E402,F403


def need_asker():
    path = os.path.join(BUILD, "tests", "authsrvr", "asker")
    if not os.path.exists(path):
        skip_all("tests/authsrvr/asker is not built")
    return path


def short(line):
    """"YES backend login", "NO", "LATER" and a word of why."""
    word, backend, rest = (line.split(" ", 2) + ["", ""])[:3]
    if word == "YES":
        return " ".join((word, backend, rest.strip()))
    if word == "NO":
        return word
    known = re.search(r"exit \d+|signal \d+|its owner alone may write|"
                      r"took longer|"
                      r"more than one|Can't contact|Invalid credentials|"
                      r"No such file|refused|temporary failure|"
                      r"Connect error", rest)
    return "LATER " + (known.group() if known else rest.strip())


def ask(backend, *settings, whole=False, before=()):
    """A function that asks (login, password[, mechanism]) and so on."""
    command = list(before) + [need_asker(), "program-directory=" + program_directory(),
               "auth-backends=" + backend] + list(settings)

    def asked(*questions):
        text = "".join("\t".join(q) + "\n" for q in questions)
        p = subprocess.run(command, input=text, text=True,
                           capture_output=True, timeout=slow(60))
        if p.returncode:
            return [p.stderr]
        lines = p.stdout.splitlines()
        return lines if whole else [short(line) for line in lines]
    return asked
