"""slowdisk - a file system in memory on a loop device over disk.c: each flush
of the device takes its time, and a cut loses what was not flushed."""

import os
import select
import shutil
import subprocess

os.environ["PATH"] += ":/usr/sbin:/sbin"
MKFS = {
    "ext4": (64, ("mkfs.ext4", "-q", "-F")),
    "xfs": (320, ("mkfs.xfs", "-q", "-f")),
    "btrfs": (200, ("mkfs.btrfs", "-q", "-f")),
}


def command(*args):
    return subprocess.run(args, check=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True).stdout.strip()


def unshare(argv, mark="SLOWDISK"):
    """In a mount namespace of its own: who kills us leaves nothing mounted."""
    if os.geteuid() == 0 and mark not in os.environ and \
            shutil.which("unshare") and subprocess.run(
                ["unshare", "--mount", "true"], check=False,
                stderr=subprocess.DEVNULL).returncode == 0:
        os.environ[mark] = "unshared"
        os.execvp("unshare", ["unshare", "--mount", "--propagation",
                              "private", *argv])


class Disk:
    """In a directory that exists: image and place there, mounted at mnt."""

    def __init__(self, program, top, kind="ext4", size=None, delay=0,
                 remembers=False, memory="/dev/shm", log=None):
        self.program, self.top, self.kind = program, top, kind
        least, mkfs = MKFS[kind]
        if not os.access(memory, os.W_OK):
            memory = top
        self.image = os.path.join(memory, "%s.%d" % (
            os.path.basename(top), os.getpid()))
        self.place = os.path.join(top, "place")
        self.mount_point = os.path.join(top, "mnt")
        self.options = ["-d", str(delay)] + ["-r"] * remembers + \
            (["-w", log] if log else [])
        self.process = self.loop = None
        self.mounted = False
        for path in (self.image, self.place):
            with open(path, "wb") as f:
                f.truncate((size or least) << 20 if path == self.image else 0)
        os.makedirs(self.mount_point, exist_ok=True)
        command(*mkfs, self.image)

    def start(self):
        """Raises OSError or CalledProcessError where that cannot be."""
        self.process = subprocess.Popen(
            [self.program, *self.options, self.image, self.place], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        if self.process.stdout.readline() != "ready\n":
            raise OSError(self.process.stderr.read().strip())
        self.loop = command("losetup", "-f", "--show", self.place)
        command("mount", self.loop, self.mount_point)
        self.mounted = True

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def cut(self, seed, writes=0):
        """After so many more writes; was_cut() waits for it."""
        self.say("cut %d %d" % (seed, writes))

    def was_cut(self, seconds=None):
        """How many writes were not synced; None: it was not cut yet."""
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            return None
        return int(self.process.stdout.readline().split()[-1])

    def mark(self, text):
        """Into the log, behind all that the disk was told before."""
        self.say("mark " + text)
        if self.process.stdout.readline() != "marked\n":
            raise OSError("the disk does not mark")

    def syncs(self):
        self.say("syncs")
        return int(self.process.stdout.readline().split()[-1])

    def stop(self):
        if self.mounted:
            command("umount", self.mount_point)
        self.mounted = False
        if self.loop:
            command("losetup", "-d", self.loop)
        self.loop = None
        if self.process:
            self.process.stdin.close()
            self.process.wait(30)
            self.process.stdout.close()
            self.process.stderr.close()
        self.process = None

    def remove(self):
        try:
            self.stop()
        finally:
            # Where the program was killed.
            subprocess.run(["umount", "-l", self.place], check=False,
                           stderr=subprocess.DEVNULL)
            os.unlink(self.image)
