#!/usr/bin/env python3
"""inlet user: the password file, as an operator changes it."""

import json
import os
import pty
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *   # noqa: E402,F403

need_built("inlet", "tailor", "authworker")

SCRAM = r"\{SCRAM-SHA-256\}10000,[^:,]+,[^:,]+,[^:,]+:\{SCRAM-SHA-1\}10000,"


class Users:
    """A configuration with a password file, and inlet user on it."""

    def __init__(self, **settings):
        self.folder = os.path.join(Scratch().path, "etc")
        os.mkdir(self.folder)
        self.file = os.path.join(self.folder, "passwords")
        self.conf = os.path.join(self.folder, "inlet.conf")
        with open(self.conf, "w") as f:
            for name, user in (("submit", SUBMIT), ("session", SESSION),
                               ("lookup", LOOKUP), ("logger", LOGGER),
                               ("key", KEYS), ("auth", AUTH)):
                f.write('%s-user = "%d"\n' % (
                    name, user if ROOT else os.getuid()))
            f.write('auth = "offered"\nauth-backends = {"file"}\nauth-file = "%s"\n%s' % (
                self.file, "".join("%s = %s\n" % (
                    name.replace("_", "-"), value)
                    for name, value in settings.items())))

    def run(self, *args, text="", **more):
        return subprocess.run(
            [program("inlet"), "-C", self.conf, "-L", program_directory(),
             "user"] + list(args), input=text, capture_output=True,
            text=True, timeout=slow(60), **more)

    def rows(self):
        with open(self.file) as f:
            return f.read().splitlines()

    def state(self):
        return (sorted(os.listdir(self.folder)),
                oct(os.stat(self.file).st_mode & 0o7777))


def changes():
    u = Users()
    p = u.run("list")
    eq(p.returncode, 66, "no file yet")
    p = u.run("passwd", "jane", text="x\n")
    eq(p.returncode, 67, "passwd without a file: no such login")
    p = u.run("add", "Jane@Example.ORG", text="pencil\n")
    eq((p.returncode, p.stdout, p.stderr), (0, "", ""), "the first login")
    like(u.rows()[0], "^jane@example.org:" + SCRAM, "its row")
    eq(u.state(), (["inlet.conf", "passwords"], "0o600"),
       "a file for its owner alone, and nothing beside it")
    eq(u.run("add", "joe", "--scheme", "crypt", text="a:b").returncode, 0,
       "a second one, crypt, without a newline")
    like(u.rows()[1], r"^joe:\{CRYPT\}\$y\$", "yescrypt")
    eq(u.run("add", "old", "--scheme", "crypt,plain",
             text="clear: one\n").returncode, 0, "a third one, plain")
    like(u.rows()[2], r"^old:\{CRYPT\}\$y\$[^:]*:\{PLAIN\}clear: one$",
         "at the end of its row")
    p = u.run("add", "joe", text="again\n")
    eq(p.returncode, 73, "a login that is there")
    like(p.stderr, "joe: is there already", "says so")
    before = u.rows()
    os.chmod(u.file, 0o640)
    eq(u.run("passwd", "joe", text="new one\n").returncode, 0, "passwd")
    after = u.rows()
    eq([after[0], after[2]], [before[0], before[2]], "the others stay")
    ok(after[1] != before[1], "the row is another")
    like(after[1], r"^joe:\{CRYPT\}\$y\$[^:]*$", "kept as it was")
    eq(u.state()[1], "0o640", "the mode stays")
    eq(u.run("del", "old").returncode, 0, "del")
    eq(u.rows(), after[:2], "it is gone")
    eq(u.run("del", "old").returncode, 67, "and not there any more")
    eq(json.loads(u.run("list", "--json").stdout),
       [{"login": "jane@example.org", "line": 1,
         "schemes": ["SCRAM-SHA-256", "SCRAM-SHA-1"]},
        {"login": "joe", "line": 2, "schemes": ["CRYPT"]}], "list --json")
    eq(u.run("list").stdout, "jane@example.org SCRAM-SHA-256 SCRAM-SHA-1\n"
       "joe CRYPT\n", "list")


def mistakes():
    u = Users(auth_ignore_case="no")
    for args, text, code, why in (
            (("add",), "x\n", 64, "add LOGIN"),
            (("kill", "jane"), "x\n", 64, "add LOGIN"),
            (("list", "jane"), "x\n", 64, "add LOGIN"),
            (("add", "jane", "--scheme", "md5"), "x\n", 64, "scram, crypt"),
            (("add", "a:b"), "x\n", 65, "nobody can have"),
            (("add", "#a"), "x\n", 65, "nobody can have"),
            (("add", "a\nb"), "x\n", 65, "nobody can have"),
            (("add", "jane"), "", 65, "no line"),
            (("add", "jane"), "\n", 65, "empty"),
            (("add", "jane"), "x" * 2000 + "\n", 65, "too long")):
        p = u.run(*args, text=text)
        eq(p.returncode, code, "%s: %d" % (args, code))
        like(p.stderr, why, "and why")
    ok(not os.path.exists(u.file), "nothing was made")
    eq(u.run("add", "Jane", text="x\n").returncode, 0, "case that counts")
    with open(u.file, "a") as f:
        f.write("\n# a comment\njoe {CRYPT}x\nlast:{PLAIN}cut")
    p = u.run("list")
    eq((p.returncode, p.stdout), (65, "Jane SCRAM-SHA-256 SCRAM-SHA-1\n"),
       "rows that are damaged")
    like(p.stderr, r"passwords:4: .*\n.*passwords:5: ", "are told by line")
    eq(u.run("add", "eve", text="x\n").returncode, 0, "one more")
    eq([r.split(":")[0] for r in u.rows()],
       ["Jane", "", "# a comment", "joe {CRYPT}x", "last", "eve"],
       "all that was there is there, and the cut row ends")
    os.chmod(u.file, 0o644)
    eq(u.run("list").returncode, 66, "a file that others may read")


def together():
    u = Users()
    many = [subprocess.Popen(
        [program("inlet"), "-C", u.conf, "-L", program_directory(), "user",
         "add", "user%d" % i, "--scheme", "plain"], stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, text=True) for i in range(8)]
    for p in many:
        p.stdin.write("x\n")
        p.stdin.close()
    eq([p.wait(slow(60)) for p in many], [0] * 8, "eight at once")
    eq(sorted(r.split(":")[0] for r in u.rows()),
       ["user%d" % i for i in range(8)], "all of them are there")


def terminal():
    u = Users()
    for second, code in (("pencil", 0), ("pencik", 65)):
        master, slave = pty.openpty()
        p = subprocess.Popen(
            [program("inlet"), "-C", u.conf, "-L", program_directory(),
             "user", "add", "tty%d" % code], stdin=slave, stdout=slave,
            stderr=slave, start_new_session=True)
        os.close(slave)
        seen = b""
        for line, prompt in (("pencil", b"Password for tty%d: " % code),
                             (second, b"Once more for tty%d: " % code)):
            while not seen.endswith(prompt):
                seen += os.read(master, 1000)
            os.write(master, line.encode() + b"\n")
        eq(p.wait(slow(60)), code, "typed twice, %s" % (
            "alike" if code == 0 else "not alike"))
        try:
            while True:
                part = os.read(master, 1000)
                if not part:
                    break
                seen += part
        except OSError:
            pass
        os.close(master)
        ok(b"penci" not in seen, "nothing of it was shown")
    eq([r.split(":")[0] for r in u.rows()], ["tty0"], "the first is there")


def tries():
    u = Users()
    u.run("add", "jane@example.org", text="pencil\n")
    p = u.run("test", "Jane@Example.org", text="pencil\n")
    eq((p.returncode, p.stdout), (0, "yes, says file: jane@example.org\n"),
       "test: yes")
    p = u.run("test", "jane@example.org", text="pencil \n")
    eq((p.returncode, p.stdout), (1, "no\n"), "test: no")
    p = u.run("test", "eve", text="pencil\n")
    eq((p.returncode, p.stdout), (1, "no\n"), "test: nobody")
    os.chmod(u.file, 0o644)
    p = u.run("test", "jane@example.org", text="pencil\n")
    eq(p.returncode, 75, "test: a file that is not safe")
    like(p.stdout, "^file cannot say: .*passwords: its owner alone",
         "and why")


def check():
    u = Users()
    u.run("add", "jane", text="pencil\n")
    if ROOT:
        eq(os.stat(u.file).st_uid, AUTH, "the file is auth-user's")

    def checked():
        p = subprocess.run(
            [program("inlet"), "-C", u.conf, "-L", program_directory(),
             "check"], capture_output=True, text=True, timeout=slow(60))
        return "\n".join(l for l in p.stdout.splitlines()
                         if "password" in l or "login" in l)
    like(checked(), r"^ok .*: 1 login in .*passwords$", "inlet check")
    with open(u.file, "a") as f:
        f.write("joe:{MD5}x\n")
    like(checked(), r"^error .*passwords:2: a scheme that", "a damaged row")
    u.run("del", "joe")
    os.chmod(u.file, 0o604)
    like(checked(), r"^error .*passwords: its owner alone", "for all to read")
    os.chmod(u.file, 0o600)
    if ROOT:
        os.chown(u.file, 0, 0)
        like(checked(), r"^error .*auth-user may not read", "for root alone")
    with open(u.conf) as f:
        text = f.read()
    with open(u.conf, "w") as f:
        f.write(text.replace('{"file"}', '{"pipe", "saslauthd", "pam"}')
                + 'auth-pipe = {"/nonexistent/x"}\n'
                'auth-saslauthd = "/nonexistent/y"\n'
                'auth-pam-service = "inlet-none"\n')
    p = subprocess.run(
        [program("inlet"), "-C", u.conf, "-L", program_directory(), "check"],
        capture_output=True, text=True, timeout=slow(60))
    for what in (r"^error .*auth-pipe: /nonexistent/x: No such",
                 r"^error .*auth-saslauthd: /nonexistent/y: No such",
                 r"^warning .*/etc/pam.d/inlet-none: No such"):
        like(p.stdout, what, "back ends that are not there")


run(check, changes, mistakes, together, terminal, tries)
