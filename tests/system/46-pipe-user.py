#!/usr/bin/env python3
"""pipe-user: ch_pipe and its command as another user, by deliver's spawner;
what that can be asked for, and that nothing of it is left."""

import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *
from delivery import *

need_built("deliver", "ch_pipe", "inlet", "tailor")

OTHER, ANOTHER = 64123, 64124
CONF = """\
channel "pipe" { program = "pipe"  pipe-command = {"%s"} %s }
channel "own" { program = "pipe"  pipe-command = {"%s"} }
channel "world" { }
"""


class Piped(Delivery):
    def __init__(self, script, more, user=None, **rows):
        super().__init__(user, conf="")
        self.out = self.s.make("out")
        os.chmod(self.out, 0o777)
        self.path = os.path.join(self.bin, "command")
        with open(self.path, "w") as f:
            f.write("#!/bin/sh\nO=%s\n%s\n" % (self.out, script))
        os.chmod(self.path, 0o755)
        self.rows = {"retry-first": '"1h"', **rows}
        self.configure(more)

    def configure(self, more):
        self.text = CONF % (self.path, more, self.path)
        self.write(self.rows)

    def put(self, channel="pipe", **more):
        return self.entry("%s:user@example.org:" % channel, **more)

    def lines(self, name):
        try:
            with open(os.path.join(self.out, name),
                      encoding="latin-1") as f:
                return f.read().splitlines()
        except FileNotFoundError:
            return []

    def spawners(self):
        return [int(p) for p in subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.p.pid), "-o", "comm="],
            stdout=subprocess.PIPE, text=True).stdout.split()
            if p.isdigit() and comm(int(p)) == "spawner"]


def status(pid, name):
    with open("/proc/%d/status" % pid) as f:
        return re.search(r"(?m)^%s:\s*(.*)$" % name, f.read()).group(1).split()


def comm(pid):
    with open("/proc/%d/comm" % pid) as f:
        return f.read().strip()


def gone(pid):
    """It has ended; who shall reap it is not ours to say."""
    try:
        return status(pid, "State")[0] == "Z"
    except OSError:
        return True


def ids(lines):
    return [next((line.split("\t", 1)[1].split() for line in lines
                  if line.startswith(name + ":")), None)
            for name in ("Uid", "Gid", "Groups", "NoNewPrivs", "CapEff")]


WHO = ('umask 0; cat > $O/got; cat /proc/self/status > $O/who; '
       'cat /proc/$PPID/status > $O/parent; '
       'ls -l /proc/$PPID/fd > $O/files 2>&1; echo x >> $O/runs')


def user():
    d = Piped(WHO, 'pipe-user = "%d"' % OTHER).start()
    d.put()
    d.wait_empty()
    want = [[str(OTHER)] * 4, [str(OTHER)] * 4, [], ["1"],
            ["0000000000000000"]]
    eq(ids(d.lines("who")), want, "the command: user, groups, no new rights")
    eq(ids(d.lines("parent")), want, "ch_pipe, too")
    like("\n".join(d.lines("files")), "denied|^$|^total 0$",
         "whose files are not the command's to see")
    ok(d.lines("got")[0] == "Return-Path: <sender@example.net>" and
       "line one" in d.lines("got"), "the message")
    d.put("own")
    wait_for(lambda: len(d.lines("runs")) == 2, what="the other channel")
    d.wait_empty()
    eq(ids(d.lines("who"))[0], [str(d.user)] * 4, "other channels: as ever")
    (root,) = d.spawners()
    eq(status(root, "Uid"), ["0"] * 4, "what stays root")
    eq((status(root, "CapEff"), status(root, "CapPrm")),
       (["00000000000000e0"], ["00000000000000e0"]),
       "may become others, and kill")
    eq(status(d.p.pid, "Uid"), [str(d.user)] * 4, "deliver is not root")
    d.configure('pipe-user = "%d"  pipe-group = "%d"' % (ANOTHER, OTHER))
    d.p.send_signal(signal.SIGHUP)
    ok(d.logged("new configuration"), "reloaded")
    d.put()
    wait_for(lambda: len(d.lines("runs")) == 3, what="the third")
    d.wait_empty()
    eq(ids(d.lines("who"))[:3], [[str(ANOTHER)] * 4, [str(OTHER)] * 4, []],
       "another user and group")
    eq(d.stop(), 0, "deliver ends")
    ok(not os.path.exists("/proc/%d" % root), "and the spawner with it")


def several():
    """Entries of a journal, where the file has others' mail."""
    d = Piped('cat >> $O/got; wc -c < /dev/stdin >> $O/n',
              'pipe-user = "%d"' % OTHER)
    d.journal = True
    for n in range(5):
        d.put(text=b"Subject: %d\n\nx\n" % n)
    d.start()
    d.wait_empty()
    wait_for(lambda: len([x for x in d.lines("got")
                          if x.startswith("Subject: ")]) == 5, 20, "all five")
    ok(True, "from the journal")
    d.stop()


def ends():
    """Programs that deliver may not kill itself."""
    d = Piped('if [ -e $O/go ]; then echo x >> $O/runs; exit 0; fi; '
              'echo $$ > $O/pid; touch $O/go; kill -STOP $PPID; '
              'while :; do sleep 1; done',
              'pipe-user = "%d" delivery-timeout = "%ds" pipe-timeout = "%ds"'
              % (OTHER, slow(4), slow(3)), **{"retry-first": '"1s"'}).start()
    d.put()
    ok(d.logged("channel pipe: ch_pipe.* ended: signal 9 .*delivery-timeout"),
       "one that hangs is killed")
    pid = int(d.lines("pid")[0])
    ok(happens(lambda: gone(pid)), "its command, too")
    d.wait_empty(30)
    eq(d.lines("runs"), ["x"], "and the next one delivers")
    d.stop()
    # deliver and its spawner are killed.
    for which in ("deliver", "spawner"):
        d = Piped('echo $$ $PPID > $O/new; mv $O/new $O/pid; sleep 60',
                  'pipe-user = "%d"' % OTHER).start()
        d.put()
        wait_for(lambda: d.lines("pid"), what="the command runs")
        pids = [int(x) for x in d.lines("pid")[0].split()]
        (root,) = d.spawners()
        if which == "deliver":
            d.p.kill()
            d.p.wait()
            pids.append(root)
        else:
            os.kill(root, signal.SIGKILL)
            ok(d.logged("spawner: it has ended"), "it is said")
            ok(d.logged("later .*enh=4.3.0"), "the mail waits")
            d.put()
            ok(d.logged("later .*enh=4.3.5 why=.*pipe-user"),
               "so does what comes")
            d.stop()
        ok(happens(lambda: all(gone(p) for p in pids)),
           which + " killed: nothing is left")


def refused():
    for more, why in (
            ('pipe-user = "root"', "pipe-user must not be root"),
            ('pipe-user = "%d"  pipe-group = "0"' % OTHER, "nor of its group"),
            ('pipe-user = "no-such-user"', "there is no user"),
            ('pipe-user = "%d"  pipe-group = "no-such"' % OTHER,
             "there is no group"),
            ('pipe-user = "%d"' % SESSION, "none of this server's own")):
        d = Piped("", more)
        eq(d.once(), 78, more)
        ok(d.logged(r"inlet\.conf:\d+: .*" + why), why)
    d = Piped("", 'pipe-group = "5"')
    eq(d.once(), 78, "a group alone")
    ok(d.logged("pipe-group needs a pipe-user"), "is none")
    d = Delivery(conf='channel "x" { program = "local"  pipe-user = "5" }\n'
                 'channel "world" { }\n')
    eq(d.once(), 78, "another program")
    ok(d.logged('pipe-user is for program = "pipe" alone'), "has no such user")


def not_root():
    """Never as the wrong user: the mail waits."""
    d = Piped("echo x > $O/runs", 'pipe-user = "%d"' % OTHER,
              user=NOBODY if ROOT else None)
    d.start()
    d.put()
    ok(d.logged("later .*enh=4.3.5 why=.*pipe-user needs a deliver that is "
                "started as root"), "without root it waits")
    eq(d.lines("runs"), [], "and nothing ran")
    p = subprocess.run([os.path.join(d.bin, "inlet"), "-C", d.s.conf, "-L",
                        d.bin, "check"], capture_output=True, text=True,
                       timeout=slow(60), **d.popen())
    like(p.stdout + p.stderr, r"inlet\.conf:\d+: .*pipe-user.*root",
         "inlet check says so")
    d.stop()


run(*((user, several, ends, refused) if ROOT else ()), not_root)
