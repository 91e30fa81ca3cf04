#!/usr/bin/env python3
"""Free space and inodes: refused at MAIL (RFC 1870 6.1), before the message is
sent; what is in flight counts; submit decides again.  The queue is on a small file system
of its own where we may mount one."""
import ctypes
import os
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

MB = 1 << 20
CLONE_NEWNS = 0x20000


def own_mounts():
    """What we mount is seen by us and our children, and ends with us."""
    return ROOT and \
        ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) == 0 and \
        subprocess.run(["mount", "--make-rprivate", "/"]).returncode == 0


def small(options, settings):
    """A server whose spool is a tmpfs, without the room of a journal."""
    scratch = Scratch()
    subprocess.run(["mount", "-t", "tmpfs", "-o",
                    options + ",mode=0700,uid=%d" % SUBMIT, "tmpfs",
                    scratch.spool], check=True)
    return Server(scratch=scratch, deliver=False, settings={
        "queue-store": '"files"', **settings})


def refused(server, reply, limit, what):
    says(reply, "NO_SPACE", what)
    line = wait_for(lambda: server.scratch.log_lines("refuse", verb="MAIL"),
                    5, "a log line")[-1]
    like(line, r'code=452 enh=4\.3\.1 reason=space .*detail="limit=%s '
         r'value=-?\d+ least=\d+"' % limit, what + ": the log says what lacks")


def mail(c, size=None):
    return c.envelope([], parameters="SIZE=%d" % size if size else "")[0]


def told_at_mail():
    """Without any file system of our own: one byte more than there is."""
    with Server(deliver=False, settings={
            "min-free-space": '"1024G"'}) as server:
        with server.client() as c:
            c.hello()
            refused(server, mail(c), "min-free-space", "no space, no MAIL")
        ok(not server.scratch.log_lines("accept"), "submit was not asked")
    with Server(deliver=False, settings={
            "min-free-inodes": "1000000000"}) as server:
        with server.client() as c:
            c.hello()
            if counted(server.scratch.spool):
                refused(server, mail(c), "min-free-inodes",
                        "no inodes, no MAIL")
            else:
                eq(mail(c).code, 250, "inodes that nobody counts never lack")


def counted(path):
    return os.statvfs(path).f_files > 0


def bytes_left():
    with small("size=16m", {"min-free-space": '"8M"'}) as server:
        with server.client() as c:
            c.hello()
            eq(mail(c, 7 * MB).code, 250, "what fits is taken")
            c.cmd("RSET")
            refused(server, mail(c, 9 * MB), "min-free-space",
                    "what would not fit is not")
            eq(c.message(b"text\n", hello=False).code, 250,
               "without a size it is")
        fill = server.scratch.at("spool", "fill")
        with open(fill, "wb") as f:
            f.write(b"x" * 9 * MB)
        with server.client() as c:
            c.hello()
            wait_for(lambda: mail(c).code == 452 or c.cmd("RSET").code != 250,
                     5, "a refusal once the space is gone")
            refused(server, mail(c), "min-free-space", "and then always")
        os.unlink(fill)
        wait_for(lambda: server.send(b"text\n").code == 250, 5,
                 "mail again once there is space again")


def in_flight():
    """One that is sending its message has what it declared, not what it
    sent so far."""
    with small("size=16m", {"min-free-space": '"8M"'}) as server:
        with server.client() as a, server.client() as b:
            a.hello()
            b.hello()
            a.envelope(parameters="SIZE=%d" % (5 * MB))
            a.cmd("DATA")
            line = b"x" * 78 + b"\r\n"
            a.send(line * 2000)     # enough that submit has the beginning

            def no_room():
                if mail(b, 5 * MB).code == 452:
                    return True
                b.cmd("RSET")
                return False
            wait_for(no_room, 10, "no room beside it")
            refused(server, mail(b, 5 * MB), "min-free-space",
                    "two of five do not fit into eight")
            eq(mail(b, MB).code, 250, "a smaller one does")
            b.cmd("RSET")
            a.send(line * (5 * MB // 80 - 2000) + b".\r\n")
            eq(a.reply().code, 250, "the first one is taken")
            refused(server, mail(b, 5 * MB), "min-free-space",
                    "there is no more room when it is queued")
            a.envelope(parameters="SIZE=%d" % (2 * MB))
            a.cmd("DATA")
            a.send(line * 2000)
            wait_for(no_room_for(b, MB), 10, "no room beside the next")
            a.reset()
            wait_for(lambda: not no_room_for(b, MB)(), 10,
                     "room again when it has gone")


def no_room_for(c, size):
    def ask():
        if mail(c, size).code == 452:
            return True
        c.cmd("RSET")
        return False
    return ask


def inodes():
    with small("size=16m,nr_inodes=40", {"min-free-inodes": "20"}) as server:
        taken = 0
        with server.client() as c:
            c.hello()
            while taken < 40:
                reply = c.message(b"text\n", hello=False)
                if reply.code != 250:
                    break
                taken += 1
            refused(server, mail(c), "min-free-inodes", "no inodes, no mail")
        left = os.statvfs(server.scratch.spool).f_ffree
        ok(20 <= left <= 22, "so many are left: %d" % left)
        eq(len(server.scratch.queue()), taken, "what was taken is there")


def decides_again():
    """Without the page (submit cannot be seen), the commit says it."""
    with small("size=16m", {"min-free-space": '"8M"'}) as server:
        submit = server.role("submit")[0].pid
        with server.client() as c:
            c.hello()
            c.envelope()
            c.cmd("DATA")
            with open(server.scratch.at("spool", "fill"), "wb") as f:
                f.write(b"x" * 9 * MB)
            os.kill(submit, signal.SIGKILL)
            wait_for(lambda: [p for p in server.role("submit")
                              if p.pid != submit], 10, "another submit")
            c.send(b"text\r\n.\r\n")
            reply = c.reply()
            says(reply, "NO_SPACE", "submit looks by itself")
        eq(server.scratch.queue() + server.scratch.queue("tmp"), [],
           "nothing is left behind")


need_built("smtpd", "smtpsrvr", "submit")
if own_mounts():
    run(told_at_mail, bytes_left, in_flight, inodes, decides_again)
else:
    run(told_at_mail, lambda: skip("a file system of our own: needs root"))
