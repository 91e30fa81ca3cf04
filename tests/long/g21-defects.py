#!/usr/bin/env python3
"""g21-defects.py - puts old defects back, one at a time, and looks whether
the suite finds them: it tests the tests.

    g21-defects.py                  looks whether the patches fit the source
    g21-defects.py all | NN ...     builds a copy with each, runs its tests
    g21-defects.py syncs            the same with each call of a sync removed

A patch (defects/NN-name.patch) begins with what it brings back, then a line
"Tests: FILE ...": those that should find it, the quickest first; FILE:TALK is
a dialogue.  It is found when one of them says "not ok" or breaks; each has
ten minutes.  Before that all of these tests must pass without any patch.
Each find is a line of TAP.  The source moves on: a patch that does not fit any
more is to be mended, and where more than one in ten does not, that is an error.
"""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SRC = os.environ.get("top_srcdir") or os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get("top_builddir") or "build")
MOST = 600          # seconds for one
UNIT = 60           # of them for one unit test
LEAST = 0.9         # of them must fit
count = 0


def ok(good, what):
    global count
    count += 1
    print("%sok %d - %s" % ("" if good else "not ", count, what), flush=True)
    return good


def note(text):
    for line in str(text).splitlines():
        print("# " + line, flush=True)


class Defect:
    """A patch: what it brings back, its tests, and which lines it changes."""

    def __init__(self, path):
        self.name = os.path.basename(path)[:-len(".patch")]
        with open(path, encoding="utf-8") as f:
            text = f.read()
        head, _, diff = text.partition("\n--- ")
        self.tests = re.search(r"(?m)^Tests: (.*)$", head).group(1).split()
        self.what = " ".join(head.split("\nTests:")[0].split())
        self.files = {}             # path: [(old, new)]
        for part in ("\n--- " + diff).split("\n--- ")[1:]:
            name = re.search(r"(?m)^\+\+\+ b/(\S+)$", part).group(1)
            self.files[name] = [self.hunk(h) for h in re.split(
                r"(?m)^@@ .*\n", part)[1:]]

    @staticmethod
    def hunk(text):
        lines = [x if x else " " for x in text.rstrip("\n").split("\n")]
        return ["".join(x[1:] + "\n" for x in lines if x[0] in sides)
                for sides in (" -", " +")]

    def applied(self, top):
        """{path: text} with it, or the reason why not."""
        result = {}
        for name, hunks in self.files.items():
            with open(os.path.join(top, name), encoding="utf-8") as f:
                text = f.read()
            for old, new in hunks:
                if text.count(old) != 1:
                    return "%s has its lines %d times:\n%s" % (
                        name, text.count(old), old)
                text = text.replace(old, new)
            result[name] = text
        return result


# Which tests should miss a sync of these files, the first that fits.
OF_SYNCS = (
    (r"submit/(queue|journal)", "tests/crash/faults.py"),
    (r"submit/", "tests/submit/t_recover.t tests/crash/faults.py "
     "tests/crash/states.py"),
    (r"chans/maildir", "tests/system/31-deliver-kill.py"),
    (r"chans/", "tests/system/31-deliver-kill.py "
     "tests/system/31-deliver-kill-journal.py tests/crash/states.py"),
    (r"tables/", "tests/tables/t_maketable.t"),
    (r"tools/queue", "tests/system/47-queue.py"),
    (r"tools/", "tests/system/61-auth.py"),
)


class Unsynced(Defect):
    """One call of a sync that says it is done, and does nothing."""

    def __init__(self, name, number, found):
        self.name = "%s:%d" % (name, found.string.count(
            "\n", 0, found.start()) + 1)
        self.what = " ".join(found.group(0).split()) + " is not made"
        self.tests = next(t for pattern, t in OF_SYNCS
                          if re.match(pattern, name)).split()
        self.files = {name: number}

    def applied(self, top):
        result = {}
        for name, number in self.files.items():
            with open(os.path.join(top, name), encoding="utf-8") as f:
                text = f.read()
            found = list(re.finditer(SYNC, text))[number]
            result[name] = text[:found.start()] + "(0)" + text[found.end():]
        return result


SYNC = r"durable_(?:sync|data|sync_dir)\([^()]*(?:\([^()]*\)[^()]*)*\)"


def unsynced():
    for folder in ("submit", "chans", "tables", "tools"):
        for path in sorted(glob.glob(os.path.join(SRC, folder, "*.c"))):
            name = os.path.relpath(path, SRC)
            with open(path, encoding="utf-8") as f:
                text = f.read()
            for i, found in enumerate(re.finditer(SYNC, text)):
                yield Unsynced(name, i, found)


def defects(words):
    found = [Defect(p) for p in sorted(glob.glob(os.path.join(
        HERE, "defects", "*.patch")))]
    return [d for d in found if not words or
            any(d.name.startswith(w) for w in words)]


def fits(every):
    bad = [(d.name, why) for d, why in (
        (d, d.applied(SRC)) for d in every) if not isinstance(why, dict)]
    for name, why in bad:
        note("%s: %s" % (name, why))
    ok(len(every) >= 40 and len(bad) <= len(every) * (1 - LEAST),
       "%d of %d patches fit the source" % (len(every) - len(bad),
                                            len(every)))


class Copy:
    """The source and what was built of it, in a directory of its own."""

    def __init__(self):
        self.top = tempfile.mkdtemp(prefix="inlet-defects.")
        os.chmod(self.top, 0o755)
        self.src = os.path.join(self.top, "src")
        self.log = os.path.join(self.top, "log")
        inside = os.path.relpath(BUILD, SRC)
        if inside.startswith("..") or not os.path.exists(
                os.path.join(BUILD, "config.status")):
            inside = "build"

        def leave(folder, names):
            where = os.path.relpath(folder, SRC)
            return [n for n in names if n in (".git", "autom4te.cache",
                                              "__pycache__") or
                    where == "." and n.startswith("build") and
                    n not in ("build-aux", inside.split(os.sep)[0]) or
                    where == os.path.dirname(inside) and where != "." and
                    n != os.path.basename(inside) or
                    where == os.path.join(inside, "tests") and n == "bin"]
        shutil.copytree(SRC, self.src, symlinks=True, ignore=leave)
        self.build = os.path.join(self.src, inside)
        if not os.path.exists(os.path.join(self.build, "config.status")):
            os.makedirs(self.build, exist_ok=True)
            self.command([os.path.join(self.src, "configure")])

    def command(self, argv):
        with open(self.log, "wb") as log:
            done = subprocess.run(argv, cwd=self.build, stdout=log,
                                  stdin=subprocess.DEVNULL, check=False,
                                  stderr=subprocess.STDOUT)
        return done.returncode == 0

    def make(self, tests):
        """What those tests need; false if it does not compile."""
        wanted = [t for t in tests if t.endswith(".t")]
        # All programs, and what else those that are no unit tests start.
        if any(t.startswith(("tests/system/", "tests/crash/", "tests/talk"))
               for t in tests):
            wanted += ["tests/crash/killat", "tests/crash/disk",
                       "tests/submit/staged", "tests/chans/mkentry"]
            # Not together: "all" has a make of its own.
            if not self.compile(["all"]):
                return False
        return not wanted or self.compile(wanted)

    def compile(self, targets):
        with open(os.path.join(self.build, "Makefile"),
                  encoding="utf-8") as f:
            flags = re.search(r"(?m)^CFLAGS = (.*)$", f.read()).group(1)
        # A defect may well have earned a warning.
        return self.command(["make", "-j%d" % (os.cpu_count() or 1),
                             "CFLAGS=%s -Wno-error" % flags, *targets])

    def complaint(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()[-2000:]

    def write(self, files):
        for name, text in files.items():
            with open(os.path.join(self.src, name), "w",
                      encoding="utf-8") as f:
                f.write(text)

    def remove(self):
        shutil.rmtree(self.top, ignore_errors=True)


def red(copy, test, end):
    """What of a test failed: a line of it, or the reason; None: nothing."""
    path, _, talk = test.partition(":")
    argv = [os.path.join(copy.build, path)] if path.endswith(".t") else \
        ["bash" if path.endswith(".sh") else sys.executable,
         os.path.join(copy.src, path)]
    if talk:
        argv.append(os.path.join(copy.src, "tests", "talks", talk))
    env = dict(os.environ, top_srcdir=copy.src, top_builddir=copy.build,
               PYTHONDONTWRITEBYTECODE="1")
    env.pop("INLET_PREFIX", None)
    process = subprocess.Popen(argv, cwd=copy.build, env=env,
                               stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    if path.endswith(".t"):
        end = min(end, time.monotonic() + UNIT)
    said = planned = None
    os.set_blocking(process.stdout.fileno(), False)
    rest = ""
    while said is None:
        ended = process.poll() is not None
        rest += (process.stdout.read() or b"").decode("latin-1")
        lines = rest.split("\n")
        rest = lines.pop()
        for line in lines:
            if re.match(r"not ok\b", line):
                said = said or line
            planned = planned or re.match(r"1\.\.\d+", line)
        if ended:
            break
        if time.monotonic() > end:
            said = said or "it does not end"
        time.sleep(0.02)
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    elif said is None and (process.returncode != 0 or not planned):
        said = "it ends with %d" % process.returncode
    process.stdout.close()
    return said


def sound(copy, every):
    """All tests named pass without a patch, or it says nothing."""
    tests = sorted({t for d in every for t in d.tests})
    if not ok(copy.make(tests), "the copy compiles"):
        note(copy.complaint())
        return False
    bad = []
    for test in tests:
        said = red(copy, test, time.monotonic() + MOST)
        if said:
            bad.append("%s: %s" % (test, said))
    note("\n".join(bad))
    return ok(not bad, "%d tests pass without a defect" % len(tests))


def found(copy, d):
    """(how it was found, seconds), or why it was not."""
    files = d.applied(copy.src)
    if not isinstance(files, dict):
        return None, files
    before = {}
    for name in files:
        with open(os.path.join(copy.src, name), encoding="utf-8") as f:
            before[name] = f.read()
    start = time.monotonic()
    copy.write(files)
    try:
        if not copy.make(d.tests):
            return None, "it does not compile:\n" + copy.complaint()
        start = time.monotonic()
        for test in d.tests:
            said = red(copy, test, start + MOST)
            if said:
                return "%s: %s" % (test, said), time.monotonic() - start
        return None, "no test finds it"
    finally:
        copy.write(before)


def search(every):
    copy = Copy()
    try:
        if not sound(copy, every):
            return
        caught, slowest = 0, 0
        for d in every:
            how, more = found(copy, d)
            if how:
                caught += 1
                slowest = max(slowest, more)
                note("%s: %s" % (d.name, how))
            else:
                note("%s: %s" % (d.name, more))
            print("# %s %s" % ("found in %d s:" % more if how else
                               "NOT FOUND:", d.what), flush=True)
            ok(how is not None, d.name)
        print("# figure G21: %d of %d defects found, the slowest in %d s" % (
            caught, len(every), slowest))
    finally:
        copy.remove()


def main():
    words = sys.argv[1:]
    if not words:
        fits(defects([]))
    elif words == ["syncs"]:
        search(list(unsynced()))
    else:
        search(defects([] if words == ["all"] else words))
    print("1..%d" % count)


main()
