#!/usr/bin/env python3
"""ch_pipe: what a command gets, what becomes of its end, and that nothing of
it is left."""

import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *
from delivery import *

need_built("deliver", "ch_pipe", "inlet", "tailor")

CONF = """\
channel "pipe" { program = "pipe" %s }
channel "world" { }
"""


class Pipe(Delivery):
    """A deliver whose one channel runs a command, which is a script here."""

    def __init__(self, script=None, command=None, more="", args=(), user=None,
                 **rows):
        super().__init__(user, conf="")
        self.out = self.s.make("out")
        os.chmod(self.out, 0o777)
        if script is not None:
            command = [self.script("command", script)] + list(args)
        self.more = 'pipe-command = {%s} %s' % (
            ", ".join('"%s"' % x for x in command), more)
        self.text = CONF % self.more
        self.write({"retry-first": '"1h"', **rows})

    def script(self, name, text):
        path = os.path.join(self.bin, name)
        with open(path, "w") as f:
            f.write("#!/bin/sh\nO=%s\n%s\n" % (self.out, text))
        os.chmod(path, 0o755)
        return path

    def put(self, *to, **more):
        return self.entry(*["pipe:%s:%s" % (a, m) for a, m in
                            ((x, "") if isinstance(x, str) else x
                             for x in to)], **more)

    def file(self, name):
        try:
            with open(os.path.join(self.out, name), "rb") as f:
                return f.read()
        except FileNotFoundError:
            return None

    def lines(self, name):
        return (self.file(name) or b"").decode("latin-1").splitlines()

    def files(self):
        return sorted(os.listdir(self.out))


def message():
    d = Pipe('cat > $O/got; for x; do echo "$x"; done > $O/args; env >$O/env;'
             ' pwd > $O/pwd; ulimit -n > $O/files; ls -l /proc/self/fd | wc -l'
             ' > $O/fds; umask > $O/umask',
             args=("-a", "x y", "{recipient}", "<{local}|{extension}|{domain}"
                   "|{mailbox}>", "{sender}", "{size}", "{queue-id}",
                   "{channel}", "{{x}", "$HOME", "`id`; id", "{original}"),
             more='pipe-directory = "/usr"').start()
    ident = d.put(("user+box{sender}@example.org", "example.org/user"))
    d.wait_empty()
    eq(d.file("got"), b"Return-Path: <sender@example.net>\n"
       b"Delivered-To: user+box{sender}@example.org\n"
       b"Received: by inlet.example; Thu, 1 Jan 1970 00:00:00 +0000\n" + TEXT,
       "two lines on top, the rest unchanged")
    size = len(d.file("got")) - len(b"Return-Path: <sender@example.net>\n"
                                    b"Delivered-To: user+box{sender}"
                                    b"@example.org\n")
    eq(d.lines("args"), ["-a", "x y", "user+box{sender}@example.org",
                         "<user|box{sender}|example.org|example.org/user>",
                         "sender@example.net", str(size), ident, "pipe",
                         "{x}", "$HOME", "`id`; id",
                         "user+box{sender}@example.org"],
       "arguments, tags replaced once, no shell")
    env = dict(x.split("=", 1) for x in d.lines("env"))
    for gone in ("_", "PWD", "OLDPWD", "SHLVL", "TZ"):
        env.pop(gone, None)
    user = env.pop("USER")
    eq(env.pop("LOGNAME"), user, "LOGNAME")
    eq(env, {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
             "/sbin:/bin", "LANG": "C", "SHELL": "/bin/sh", "HOME": "/usr",
             "SENDER": "sender@example.net", "QUEUE_ID": ident,
             "CHANNEL": "pipe", "SIZE": str(size), "BODY": "", "ENVID": "",
             "REPEAT": env.get("REPEAT"), "CLIENT_CHANNEL": "world",
             "CLIENT_ADDRESS": "", "CLIENT_NAME": "", "CLIENT_HELO": "",
             "CLIENT_LOGIN": "",
             "RECIPIENT": "user+box{sender}@example.org",
             "ORIGINAL_RECIPIENT": "user+box{sender}@example.org",
             "LOCAL": "user", "EXTENSION": "box{sender}",
             "DOMAIN": "example.org", "MAILBOX": "example.org/user"},
       "its environment, and nothing else")
    eq(d.lines("pwd"), ["/usr"], "the directory")
    eq(d.lines("files"), ["256"], "the limit of descriptors")
    eq(d.lines("fds"), ["5"], "0 to 2, and that of ls itself")
    eq(d.lines("umask"), ["0077"], "umask")
    like(d.s.log_text(), r'delivered qid=%s rcpt=0 chan=pipe' % ident,
         "the log line")
    eq(d.stop(), 0, "deliver ends")


def headers():
    for words, want in (
            ('{"from-line"}', b"From sender@example.net Thu Jan  1 "),
            ("{}", b"Received: "),
            ('{"original-to", "delivered-to"}',
             b"X-Original-To: a@example.org\nDelivered-To: a@example.org\n"
             b"Received")):
        d = Pipe("cat > $O/got", more="pipe-header = " + words)
        d.put("a@example.org", options=("-t", "0"))
        d.once()
        eq(d.file("got")[:len(want)], want, "pipe-header " + words)


def several():
    script = ("n=$(ls $O | wc -l); cat > $O/$n; "
              "echo \"$RECIPIENT: $*\" >> $O/$n")
    d = Pipe(script, args=("to", "{recipient}"))
    d.put("a@example.org", "b@example.org", "c@example.org")
    eq(d.once(), 0, "for each recipient")
    eq([d.lines(x)[-1] for x in d.files()],
       ["%s@example.org: to %s@example.org" % (x, x) for x in "abc"],
       "one command each")
    d = Pipe(script, args=("to", "{recipient}"),
             more='pipe-per = "message"')
    d.put("a@example.org", "b@example.org", "c@example.org")
    eq(d.once(), 0, "for the message")
    eq(len(d.files()), 1, "one command")
    eq(d.lines("0")[-1], ": to a@example.org b@example.org c@example.org",
       "all recipients are its arguments")
    ok(b"Delivered-To" not in d.file("0"), "no Delivered-To")


def options():
    d = Pipe("cat > $O/$2", args=("{recipient}", "x"))
    d.put("-f@example.org")
    d.once()
    eq(d.files(), [], "an address is never an option")
    ok(d.logged(r"5\.1\.3"), "5.1.3")
    d = Pipe("cat > $O/got; echo \"$*\" >> $O/got", args=("--", "{recipient}"))
    d.put("-f@example.org")
    d.once()
    eq(d.lines("got")[-1], "-- -f@example.org", "but behind -- it may be one")
    d = Pipe("cat > $O/got; echo \"$*\" >> $O/got", args=("{recipient}",),
             more='pipe-per = "message"')
    d.put("-f@example.org", "a@example.org", "-g@example.org")
    d.once()
    eq(d.lines("got")[-1], "a@example.org", "the others get it")
    eq(len(re.findall(r"bounced .*5\.1\.3", d.s.log_text())), 2,
       "those two do not")


NEVER = {64: "5.3.0", 65: "5.6.0", 66: "5.3.0", 67: "5.1.1", 68: "5.1.2",
         69: "5.3.0", 70: "5.3.0", 72: "5.3.0", 73: "5.2.0", 76: "5.5.0",
         77: "5.7.0", 78: "5.3.5", 100: "5.3.0"}
LATER = {1: "4.3.0", 2: "4.3.0", 63: "4.3.0", 71: "4.3.0", 74: "4.3.0",
         75: "4.3.0", 79: "4.3.0", 99: "4.3.0", 111: "4.3.0", 126: "4.3.5",
         127: "4.3.5", 255: "4.3.0"}


def endings():
    d = Pipe('cat >/dev/null; echo first; echo "said $LOCAL"; echo; '
             'exit $LOCAL', **{"hostname": '"x.example"'})
    codes = [0, *NEVER, *LATER]
    ids = {c: d.put("%d@example.org" % c, options=("-s", "")) for c in codes}
    d.once()
    log = d.s.log_text()
    for c in codes:
        line = next((x for x in log.splitlines()
                     if "qid=" + ids[c] in x and "rcpt=0" in x), "")
        if c == 0:
            like(line, r"delivered qid=.*", "exit 0: delivered")
        elif c in NEVER:
            like(line, r"bounced qid=.*%s.*exit %d \([a-z /]+\): said %d" % (
                NEVER[c], c, c), "exit %d: for good" % c)
        else:
            like(line, r"later qid=.*%s.*exit %d \([a-z /]+\): "
                 r"said %d" % (LATER[c], c, c), "exit %d: later" % c)
    d = Pipe('cat >/dev/null; echo "5.1.6 moved away"; exit 67')
    d.put("a@example.org", options=("-s", ""))
    d.once()
    like(d.s.log_text(), r"5\.1\.6.*exit 67 \(user unknown\): moved away",
         "the command's own code")
    d = Pipe('cat >/dev/null; echo "5.1.6 moved away"; exit 75')
    d.put("a@example.org")
    d.once()
    like(d.s.log_text(), r"4\.3\.0.*5\.1\.6 moved away",
         "but not of another class")


def trouble():
    d = Pipe("kill -9 $$")
    d.put("a@example.org")
    d.once()
    like(d.s.log_text(), r"4\.3\.0.*killed by signal 9", "a signal: later")
    d = Pipe(command=["/nonexistent/command"])
    d.put("a@example.org")
    d.once()
    like(d.s.log_text(), r"4\.3\.5.*/nonexistent/command: No such file",
         "no such command: later")
    d = Pipe("true", more='pipe-directory = "/nonexistent"')
    d.put("a@example.org")
    d.once()
    like(d.s.log_text(), r"4\.3\.5.*/nonexistent: No such file",
         "no such directory: later")
    d = Pipe("true")
    d.put("a@example.org", text=TEXT + b"x" * 300000)
    eq(d.once(), 0, "one that reads nothing")
    eq(d.s.queue(), [], "has delivered it")
    d = Pipe("cat >/dev/null; head -c 50000000 /dev/zero | tr '\\0' 'x'; "
             "echo; printf 'the \\033[31mend'; exit 75")
    d.put("a@example.org")
    d.once()
    like(d.s.log_text(), r"failed for now\): the \?\[31mend",
         "a flood of output: its last line, printable")
    d = Pipe("exec 1>&- 2>&- ; cat > $O/got")
    d.put("a@example.org")
    d.once()
    ok(d.file("got") is not None and not d.s.queue(),
       "one that closes its output")


def pids(d):
    return [int(x) for n in d.files() if n.startswith("pid")
            for x in d.lines(n)]


def limits():
    d = Pipe('trap "" TERM HUP INT; echo $$ > $O/pid1; '
             'sleep 600 & echo $! > $O/pid2; echo still here; '
             'while :; do sleep 600; done',
             more='pipe-timeout = "3s"')
    d.put("a@example.org")
    d.once()
    like(d.s.log_text(), r"4\.3\.0.*took longer than 3000 ms: still here",
         "the time limit")
    eq(len(pids(d)), 2, "it had a child")
    for pid in pids(d):
        ok(happens(lambda: not alive(pid)), "nothing of it is left")
    d = Pipe("cat >/dev/null; sleep 600 & echo $! > $O/pid1; exit 0")
    d.put("a@example.org")
    eq(d.once(), 0, "one that leaves a child behind")
    eq(d.s.queue(), [], "has delivered")
    for pid in pids(d):
        ok(happens(lambda: not alive(pid)), "and the child is gone")


def killed():
    for sig in (signal.SIGKILL, signal.SIGTERM):
        d = Pipe('trap "" TERM; cat >/dev/null; sleep 600 & '
                 'echo $! > $O/pid1; echo $$ > $O/pid0; wait; sleep 600',
                 more='pipe-timeout = "4s"').start()
        d.put("a@example.org")
        wait_for(lambda: len(pids(d)) == 2, what="the command")
        d.p.send_signal(sig)
        d.p.wait(slow(60))
        for pid in pids(d):
            ok(happens(lambda: not alive(pid)),
               "deliver gets %s: the command is gone" % sig.name)
    d = Pipe("cat >/dev/null; echo $REPEAT >> $O/repeat; sleep 600 & wait",
             more='pipe-timeout = "30s"').start()
    d.put("a@example.org")
    wait_for(lambda: d.lines("repeat"), what="the command")
    d.p.kill()
    d.p.wait()
    d.script("command", "cat >/dev/null; echo $REPEAT >> $O/repeat")
    d.start()
    d.wait_empty()
    eq(d.lines("repeat")[1:], ["1"], "after a crash it says REPEAT=1")
    eq(d.stop(), 0, "deliver ends")
    d = Pipe("cat >/dev/null; echo $$ > $O/pid0; sleep 600 & "
             "echo $! > $O/pid1; wait", more='pipe-timeout = "30s"').start()
    d.put("a@example.org")
    wait_for(lambda: len(pids(d)) == 2, what="the command")
    program = next(p.pid for p in descendants(d.p.pid) if p.name == "ch_pipe")
    os.kill(program, signal.SIGKILL)
    for pid in pids(d):
        ok(happens(lambda: not alive(pid)),
           "ch_pipe itself is killed: the command is gone")
    eq(d.stop(), 0, "deliver ends")


def seven_bit():
    text = "Subject: x\nMIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\n" \
        "Content-Type: text/plain; charset=utf-8\n\nGrüße\n".encode()
    d = Pipe("cat > $O/got", more='pipe-seven-bit = yes')
    d.put("a@example.org", text=text)
    d.once()
    got = d.file("got") or b""
    ok(got.endswith(b"\n\nGr=C3=BC=C3=9Fe\n"), "text is quoted-printable")
    ok(b"Content-Transfer-Encoding: quoted-printable\n" in got, "and says so")
    os.unlink(os.path.join(d.out, "got"))
    d.put("a@example.org", text="Subject: ü\n\nx\n".encode(),
          options=("-s", ""))
    d.once()
    eq(d.files(), [], "what cannot be converted is not delivered")
    like(d.s.log_text(), r"5\.6\.3.*a header has 8-bit", "and why")


def memory():
    d = Pipe(command=[python(), "-c", "x = b'x' * 200000000"],
             more='pipe-memory = "100M"')
    d.put("a@example.org")
    d.once()
    like(d.s.log_text(), r"exit 1 \(failed\): MemoryError", "pipe-memory")


def procmail():
    need("procmail")
    d = Pipe(command=["/usr/bin/procmail", "-t", "-p", "-m", "RC"],
             more='pipe-header = {"from-line", "delivered-to"}')
    rc = os.path.join(d.bin, "rc")
    with open(rc, "w") as f:
        f.write("DEFAULT=%s/inbox/\nLOGFILE=\n:0\n* ^Subject: test\n"
                "%s/tests/\n" % (d.out, d.out))
    os.chmod(rc, 0o644)
    d.text = d.text.replace('"RC"', '"%s"' % rc)
    d.write({"retry-first": '"1h"'})
    d.put("a@example.org")
    eq(d.once(), 0, "procmail")
    box = os.path.join(d.out, "tests", "new")
    got = os.listdir(box) if os.path.isdir(box) else []
    eq(len(got), 1, "procmail has sorted it into a Maildir")
    if got:
        with open(os.path.join(box, got[0]), "rb") as f:
            ok(f.read().endswith(TEXT), "unchanged")


def maildrop():
    need("maildrop")
    try:
        pwd.getpwuid(NOBODY if ROOT else os.geteuid())
    except KeyError:
        skip("maildrop wants a user with a name")
        return
    d = Pipe(user=NOBODY if ROOT else None, command=["/usr/bin/maildrop", "RC"],
             more='pipe-header = {"return-path"}')
    rc = os.path.join(d.bin, "rc")
    with open(rc, "w") as f:
        f.write('if (/^Subject: test/)\n{\n  to "%s/box"\n}\nEXITCODE=77\n'
                'exit\n' % d.out)
    os.chmod(rc, 0o600)
    if d.user is not None:
        os.chown(rc, d.user, d.user)
    d.text = d.text.replace('"RC"', '"%s"' % rc)
    d.write({"retry-first": '"1h"'})
    d.put("a@example.org")
    eq(d.once(), 0, "maildrop")
    ok((d.file("box") or b"").endswith(TEXT + b"\n"),
       "maildrop has put it into an mbox")
    d.put("a@example.org", text=b"Subject: other\n\nx\n", options=("-s", ""))
    d.once()
    like(d.s.log_text(), r"bounced qid=.*5\.7\.0.*maildrop: exit 77",
         "and its exit is told")


def checked():
    """inlet check looks at the command."""
    for path, want in (("/bin/cat", "its command is /bin/cat"),
                       ("/nonexistent/x", "/nonexistent/x: No such file"),
                       ("script", "pipe-command: /no/interpreter: No such"),
                       ("folder", "pipe-directory: /no/folder: No such")):
        own = path[0] != "/"
        d = Pipe(command=None if own else [path],
                 script="true" if own else None, more='pipe-directory = "/no/folder"'
                 if path == "folder" else "")
        if path == "script":
            with open(os.path.join(d.bin, "command"), "w") as f:
                f.write("#! /no/interpreter -x\n")
        p = subprocess.run([os.path.join(d.bin, "inlet"), "-C", d.s.conf,
                            "-L", d.bin, "check"], capture_output=True,
                           text=True, timeout=slow(60))
        ok(want in p.stdout + p.stderr, "inlet check: " + want)


def mistakes():
    for more, want in (
            ('pipe-command = {"cat"}', "absolute name"),
            ('pipe-command = {"/bin/cat", "{rcpt}"}', "no such tag: "),
            ('pipe-command = {"/bin/cat", "{sender"}', "no such tag"),
            ('pipe-command = {"/bin/cat", "-d{local}"} pipe-per = "message"',
             "only {recipient}"),
            ('pipe-command = {"/bin/cat"} pipe-header = {"x"}',
             " is none of from-line"),
            ('pipe-command = {"/bin/cat"} pipe-timeout = "5m"',
             "shorter than delivery-timeout"),
            ('pipe-command = {"/bin/cat"} pipe-directory = "tmp"',
             "absolute path"),
            ("", "needs a pipe-command")):
        d = Pipe("true")
        d.text = CONF % more
        d.write({})
        d.once()
        ok(want in d.s.log_text(), "refused: " + (more or "no command"))


run(message, headers, several, options, endings, trouble, limits, killed,
    seven_bit, memory, procmail, maildrop, checked,
    mistakes)
