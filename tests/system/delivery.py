"""delivery - a scratch spool with a deliver on it, for the tests of deliver.

Entries are made by tests/chans/mkentry."""

import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

MKENTRY = os.path.join(BUILD, "tests", "chans", "mkentry")
TEXT = b"Subject: test\nTo: x\n\nline one\n.dot\n" + b"8bit \xe4\n"

CONF = """\
table "here" { type = "list"  rows = {"example.org"} }
channel "local" { table = "here"  program = "local" }
channel "other" { program = "spool" }
channel "odd" { program = "odd"  delivery-timeout = "1s" }
channel "world" { }
"""


def python():
    """An interpreter that every user may run."""
    return next(p for p in (sys.executable, "/usr/bin/python3",
                            "/usr/local/bin/python3")
                if os.path.exists(p) and
                (not ROOT or reachable(os.path.dirname(p))))


class Delivery:
    """A scratch spool and a deliver on it."""

    def __init__(self, user=None, settings=None, conf=CONF):
        self.s = Scratch(user)
        self.user = self.s.user if self.s.user is not None else \
            SUBMIT if ROOT else None
        self.text = conf
        self.write(settings or {"retry-first": '"1s"'})
        self.bin = self.s.make("bin")
        for name in os.listdir(program_directory()):
            if not name.startswith("."):
                os.symlink(os.path.join(program_directory(), name),
                           os.path.join(self.bin, name))
        self.p = None

    def write(self, settings, text=None):
        s = self.s
        rows = {"hostname": '"inlet.example"',
                "spool-directory": '"%s"' % s.spool,
                "run-directory": '"%s"' % s.run,
                "mail-directory": '"%s"' % s.mail, "log": '"stderr"'}
        if s.root:
            rows.update({"submit-user": '"%d"' % SUBMIT,
                         "session-user": '"%d"' % SESSION,
                         "lookup-user": '"%d"' % LOOKUP,
                         "logger-user": '"%d"' % LOGGER})
        s.write("inlet.conf", merge_settings(
            self.text if text is None else text, {**rows, **settings}))

    def args(self, *options):
        return [os.path.join(self.bin, "deliver"), "-d", "-C", self.s.conf,
                "-L", self.bin] + list(options)

    def popen(self):
        return {} if self.s.user is None else {
            "user": self.s.user, "group": self.s.user, "extra_groups": []}

    def start(self):
        with open(self.s.log, "ab") as log:
            self.p = spawn(self.args(), stdout=log, stderr=log, cwd="/",
                           **self.popen())
        seen = self.s.log_text().count("started,")
        wait_for(lambda: self.s.log_text().count("started,") > seen or
                 self.p.poll() is not None, what="deliver starts")
        return self

    def once(self):
        with open(self.s.log, "ab") as log:
            return subprocess.run(self.args("-o"), stdout=log, stderr=log,
                                  stdin=subprocess.DEVNULL, cwd="/",
                                  timeout=slow(60), **self.popen()).returncode

    def stop(self):
        self.p.send_signal(signal.SIGTERM)
        code = self.p.wait(slow(15))
        self.p = None
        return code

    def entry(self, *to, text=TEXT, options=()):
        args = [MKENTRY, *options]
        if self.user is not None and ROOT:
            args += ["-u", str(self.user)]
        return subprocess.run(args + [self.s.spool, *to], input=text,
                              check=True, stdout=subprocess.PIPE,
                              timeout=30).stdout.decode().strip()

    def local(self, *users, **more):
        return self.entry(*["local:%s@example.org:example.org/%s" % (u, u)
                            for u in users], **more)

    def box(self, user):
        return self.s.maildir(user + "@example.org")

    def wait_empty(self, seconds=15):
        wait_for(lambda: not self.s.queue(), seconds, "an empty queue")

    def logged(self, pattern, seconds=10):
        return happens(lambda: re.search(pattern, self.s.log_text()), seconds)

    def program(self, name, code):
        path = os.path.join(self.bin, "ch_" + name)
        with open(path + ".new", "w") as f:
            f.write("#!%s\n%s" % (python(), code))
        os.chmod(path + ".new", 0o755)
        os.rename(path + ".new", path)
