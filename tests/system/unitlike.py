#!/usr/bin/env python3
"""unitlike - runs a command as a unit of systemd would, without systemd.

    unitlike.py UNIT [-u USER] [-w PATH ...] [-s SOCKETS] -- COMMAND...

Of what the unit says, this is put on: User=, CapabilityBoundingSet=,
NoNewPrivileges=, ProtectSystem=strict with ReadWritePaths= (-w besides),
ProtectHome=, ProtectKernelTunables=, LimitNOFILE=, UMask=, and as filters of
system calls SystemCallFilter=, SystemCallArchitectures=,
RestrictAddressFamilies=, RestrictNamespaces=, RestrictSUIDSGID=,
MemoryDenyWriteExecute= and LockPersonality=.  Harder than systemd it kills who
makes a call that is not in the list, so that none goes unseen.
What is left out (PrivateTmp=, PrivateDevices= and the like) hides things that
Inlet does not use.
"""

import argparse
import ctypes
import os
import resource
import subprocess
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
ALLOW, KILL, ERRNO = 0x7fff0000, 0x80000000, 0x00050000
EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97
NE, LT, LE, EQ, GE, GT, MASKED = range(1, 8)
NAMESPACES = {"cgroup": 0x02000000, "uts": 0x04000000, "ipc": 0x08000000,
              "user": 0x10000000, "pid": 0x20000000, "net": 0x40000000,
              "mnt": 0x00020000}
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
CAPABILITIES = {"CAP_CHOWN": 0, "CAP_KILL": 5, "CAP_SETGID": 6,
                "CAP_SETUID": 7, "CAP_NET_BIND_SERVICE": 10,
                "CAP_SYS_CHROOT": 18, "CAP_SYS_ADMIN": 21}


def settings(path):
    """The settings of a unit, each with all of its values."""
    found = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            name, equals, value = line.strip().partition("=")
            if equals and not name.startswith("#"):
                found.setdefault(name, []).append(value)
    return found


def words(unit, name):
    return " ".join(unit.get(name, [])).split()


def yes(unit, name):
    return unit.get(name) == ["yes"]


def group(name):
    """The calls of one of systemd's sets."""
    if not name.startswith("@"):
        return {name}
    text = subprocess.run(["systemd-analyze", "syscall-filter", name],
                          capture_output=True, text=True, check=True).stdout
    calls = set()
    for line in text.splitlines()[1:]:
        word = line.strip()
        if word and not word.startswith("#"):
            calls |= group(word)
    return calls


def calls(unit):
    """What the unit allows, in systemd's order of adding and taking away."""
    allowed = group("@default")
    for line in unit["SystemCallFilter"]:
        for word in line.lstrip("~").split():
            if line.startswith("~"):
                allowed -= group(word)
            else:
                allowed |= group(word)
    return allowed


class Compare(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int),
                ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


class Filter:
    """One filter, by libseccomp."""

    def __init__(self, otherwise):
        self.lib = ctypes.CDLL("libseccomp.so.2")
        self.lib.seccomp_init.restype = ctypes.c_void_p
        self.lib.seccomp_rule_add_array.argtypes = [
            ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint,
            ctypes.POINTER(Compare)]
        self.at = self.lib.seccomp_init(ctypes.c_uint32(otherwise))

    def rule(self, action, name, *compared):
        number = self.lib.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            return
        array = (Compare * max(1, len(compared)))(*compared)
        if self.lib.seccomp_rule_add_array(self.at, action, number,
                                           len(compared), array) != 0:
            sys.exit("unitlike: no rule for " + name)

    def load(self):
        if self.lib.seccomp_load(ctypes.c_void_p(self.at)) != 0:
            sys.exit("unitlike: a filter could not be loaded")


def arguments(unit):
    """What looks at arguments is a filter of its own, as with systemd."""
    f = Filter(ALLOW)
    no = ERRNO | EPERM
    if "RestrictAddressFamilies" in unit:
        allowed = {FAMILIES[w] for w in words(unit, "RestrictAddressFamilies")}
        for family in set(range(16)) - allowed:
            f.rule(ERRNO | EAFNOSUPPORT, "socket", Compare(0, EQ, family, 0))
        f.rule(ERRNO | EAFNOSUPPORT, "socket", Compare(0, GE, 16, 0))
    if "RestrictNamespaces" in unit:
        f.rule(ERRNO | ENOSYS, "clone3")
        for name, flag in NAMESPACES.items():
            if name in words(unit, "RestrictNamespaces"):
                continue
            for call in ("unshare", "clone"):
                f.rule(no, call, Compare(0, MASKED, flag, flag))
            f.rule(no, "setns", Compare(1, MASKED, flag, flag))
    if yes(unit, "MemoryDenyWriteExecute"):
        f.rule(no, "mmap", Compare(2, MASKED, 6, 6))
        f.rule(no, "mprotect", Compare(2, MASKED, 4, 4))
    if yes(unit, "RestrictSUIDSGID"):
        for bit in (0o4000, 0o2000):
            f.rule(no, "chmod", Compare(1, MASKED, bit, bit))
            f.rule(no, "fchmod", Compare(1, MASKED, bit, bit))
            f.rule(no, "mkdir", Compare(1, MASKED, bit, bit))
            f.rule(no, "fchmodat", Compare(2, MASKED, bit, bit))
            f.rule(no, "mkdirat", Compare(2, MASKED, bit, bit))
    if yes(unit, "LockPersonality"):
        f.rule(no, "personality", Compare(0, NE, 0, 0))
    f.load()


def filters(unit, allowed):
    arguments(unit)
    f = Filter(KILL)
    for name in sorted(allowed):
        f.rule(ALLOW, name)
    f.load()


class MountAttr(ctypes.Structure):
    _fields_ = [("set", ctypes.c_uint64), ("clear", ctypes.c_uint64),
                ("propagation", ctypes.c_uint64), ("fd", ctypes.c_uint64)]


def read_only(path, on):
    """mount_setattr(2), with all that is below."""
    attr = MountAttr(1 if on else 0, 0 if on else 1, 0, 0)
    if LIBC.syscall(442, -100, path.encode(), 0x8000, ctypes.byref(attr),
                    ctypes.sizeof(attr)) != 0:
        sys.exit("unitlike: %s: %s" % (path, os.strerror(
            ctypes.get_errno())))


def mount(source, target, kind, flags):
    if LIBC.mount(source, target.encode(), kind, flags, None) != 0:
        sys.exit("unitlike: mount %s: %s" % (target, os.strerror(
            ctypes.get_errno())))


def mounts(unit, writable):
    if LIBC.unshare(NAMESPACES["mnt"]) != 0:
        sys.exit("unitlike: no mount namespace")
    mount(None, "/", None, 0x44000)             # private, recursively
    for path in writable + ["/dev", "/proc"]:
        mount(path.encode(), path, None, 0x5000)        # bind
    if yes(unit, "ProtectHome"):
        for path in ("/home", "/root"):
            if os.path.isdir(path):
                mount(b"none", path, b"tmpfs", 0)
    if unit.get("ProtectSystem") == ["strict"]:
        read_only("/", True)
        for path in writable + ["/dev", "/proc"]:
            read_only(path, False)
    if yes(unit, "ProtectKernelTunables"):
        mount(b"/proc/sys", "/proc/sys", None, 0x1000)
        read_only("/proc/sys", True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-u", dest="user", type=int)
    parser.add_argument("-w", dest="writable", action="append", default=[])
    parser.add_argument("-s", dest="sockets", type=int, default=0)
    parser.add_argument("unit")
    parser.add_argument("command", nargs="+")
    args = parser.parse_args()
    unit = settings(args.unit)
    allowed = calls(unit)
    mounts(unit, args.writable)
    keep = [CAPABILITIES[w] for w in words(unit, "CapabilityBoundingSet")]
    for capability in range(64):
        if capability not in keep and \
                LIBC.prctl(23, capability, 0, 0, 0) == 0:   # in bounding set
            LIBC.prctl(24, capability, 0, 0, 0)
    if "LimitNOFILE" in unit:
        most = min(int(unit["LimitNOFILE"][0]),
                   resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.umask(int(unit.get("UMask", ["022"])[0], 8))
    if args.user is not None:
        os.setgroups([])
        os.setresgid(args.user, args.user, args.user)
        os.setresuid(args.user, args.user, args.user)
    env = dict(os.environ)
    if args.sockets:
        env.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(args.sockets))
    if yes(unit, "NoNewPrivileges"):
        LIBC.prctl(38, 1, 0, 0, 0)
    filters(unit, allowed)
    os.execve(args.command[0], args.command, env)


if __name__ == "__main__":
    main()
