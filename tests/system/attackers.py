"""attackers - many connections that want the server's time and not its
service, and honest clients beside them; each in processes of their own, so
that neither waits for the other nor for the test."""
import heapq
import json
import os
import random
import resource
import select
import socket
import sys
import threading
import time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

TURN = 0.05         # how exactly an attacker keeps its times
PIECE = b"HELP\r\n" * 4096


def files(count):
    """May this process have so many descriptors?  Then it may from now on."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if limit != resource.RLIM_INFINITY and limit < count:
        return False
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    return True


def source(n):
    """An address of loopback's: neighbours are in different prefixes."""
    return "127.%d.%d.%d" % (1 + n % 250, n // 250 % 256, 1 + n // 64000)


class Apart:
    """A function that runs in a process of its own; its value is data that
    JSON has words for."""

    def __init__(self, function, *args):
        self.stop_it, stop = socket.socketpair()
        reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid:
            stop.close()
            os.close(writing)
            self.answer = os.fdopen(reading, "rb")
            return
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            self.stop_it.close()
            stop.setblocking(False)
            value = function(stop, *args)
            with os.fdopen(writing, "wb") as f:
                f.write(json.dumps(value).encode())
        except BaseException:
            traceback.print_exc()
        os._exit(0)

    def end(self):
        """Asks it to come to an end; what its value is."""
        # Others that run apart have it, too: to close it would not do.
        self.stop_it.shutdown(socket.SHUT_RDWR)
        self.stop_it.close()
        return self.value()

    def value(self):
        with self.answer as f:
            said = f.read()
        os.waitpid(self.pid, 0)
        return json.loads(said)


def asked(stop):
    """Whether the test wants the end of a function that runs apart."""
    try:
        return stop.recv(1) == b""
    except BlockingIOError:
        return False


class Plan:
    """What one kind of attacker does: waits for a reply, says something, and
    so on; then the bytes of drip one by one, or deaf, as much as there is room
    for without reading an answer, or nothing more."""

    def __init__(self, kind, port, steps=(), drip=b"", deaf=False):
        self.kind, self.port = kind, port
        self.steps, self.drip, self.deaf = list(steps), drip, deaf


class Attacker:
    """One connection."""
    __slots__ = ("plan", "sock", "step", "heard", "at", "born", "greeted",
                 "number")

    def __init__(self, plan, number):
        self.plan, self.number = plan, number
        self.step = self.at = 0
        self.heard = b""
        self.greeted = None
        self.born = time.monotonic()
        self.sock = socket.socket()
        if plan.deaf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self.sock.bind((source(number), 0))
        self.sock.setblocking(False)
        self.sock.connect_ex(("127.0.0.1", plan.port))

    def hear(self):
        """False when the connection is at its end."""
        try:
            data = self.sock.recv(65536)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if self.greeted is None and data:
            self.greeted = time.monotonic()
        self.heard = (self.heard + data)[-4000:]
        while self.step < len(self.plan.steps):
            lines = self.heard.split(b"\r\n")
            last = [i for i, l in enumerate(lines[:-1]) if l[3:4] == b" "]
            if not last:
                break
            self.heard = b"\r\n".join(lines[last[0] + 1:])
            self.say(self.plan.steps[self.step])
            self.step += 1
        return data != b""

    def ready(self):
        return self.step == len(self.plan.steps)

    def say(self, data):
        try:
            return self.sock.send(data)
        except (BlockingIOError, ConnectionError, OSError):
            return 0

    def drip(self):
        if self.plan.deaf:
            while self.say(PIECE) > 0:
                pass
        elif self.plan.drip:
            byte = self.plan.drip[self.at % len(self.plan.drip)]
            self.at += self.say(bytes([byte]))


class Crowd:
    """Attackers of one process, in a loop of their own."""

    def __init__(self, plans, numbers, rate, every, again):
        self.plans, self.every, self.again = plans, every, again
        self.poll = select.epoll()
        self.inside = {}
        self.ended = []
        self.came = 0
        begin = time.monotonic()
        # Each of every kind at any time.
        self.due = [(begin + i / rate, i, n, None)
                    for i, n in enumerate(numbers)]
        self.turns = len(self.due)

    def later(self, seconds, number, who):
        self.turns += 1
        heapq.heappush(self.due, (time.monotonic() + seconds, self.turns,
                                  number, who))

    def come(self, number):
        try:
            who = Attacker(self.plans[number % len(self.plans)], number)
        except OSError:
            self.later(1, number, None)
            return
        self.came += 1
        self.inside[who.sock.fileno()] = who
        self.poll.register(who.sock.fileno(), select.EPOLLRDHUP | (
            0 if who.plan.deaf and not who.plan.steps else select.EPOLLIN))
        self.later(random.uniform(0, self.every), number, who)

    def act(self, number, who):
        if who is None:
            self.come(number)
        elif self.inside.get(who.sock.fileno()) is who:
            if who.ready():
                who.drip()
            self.later(self.every, number, who)

    def gone(self, fd, who):
        self.poll.unregister(fd)
        del self.inside[fd]
        now = time.monotonic()
        self.ended.append([who.plan.kind, who.born, now, who.ready(),
                           who.heard[-200:].decode("latin-1")])
        who.sock.close()
        if self.again is not None:
            self.later(random.uniform(0, self.again), who.number, None)

    def turn(self):
        while self.due and self.due[0][0] <= time.monotonic():
            _time, _turn, number, who = heapq.heappop(self.due)
            self.act(number, who)
        for fd, events in self.poll.poll(TURN):
            who = self.inside[fd]
            deaf = who.plan.deaf and who.ready()
            if deaf and events & select.EPOLLIN:
                self.poll.modify(fd, select.EPOLLRDHUP)
            if (events & (select.EPOLLERR | select.EPOLLHUP) or
                    (deaf and events & select.EPOLLRDHUP) or
                    (not deaf and not who.hear())):
                if not deaf and events & select.EPOLLIN:
                    who.hear()
                self.gone(fd, who)


def attack(stop, plans, numbers, rate, every, seconds, again=None, left=-1):
    """Comes with all of numbers, at rate a second; each says a byte every so
    many seconds.  again: who was cut comes back within as many.  It is over
    after seconds, when the test says so, or when no more than left are there
    and all have come.  The value: [kind, from, to or null, got where it
    wanted, last words] for each connection."""
    crowd = Crowd(plans, numbers, rate, every, again)
    until = time.monotonic() + seconds
    while not asked(stop) and time.monotonic() < until and not (
            crowd.came == len(numbers) and len(crowd.inside) <= left):
        crowd.turn()
    return crowd.ended + [
        [who.plan.kind, who.born, None, who.ready(), ""]
        for who in crowd.inside.values()]


def honest(stop, port, rate, seconds):
    """So many clients a second, each with a message, however long the others
    take; until the time is over, or the test says so.  The value: [begin,
    seconds, "" or what went wrong] for each."""
    found, running = [], []

    def one(number, due):
        try:
            with Client(("127.0.0.1", port), timeout=60,
                        source=source(100000 + number)) as c:
                why = "" if c.greeting.code == 220 else str(c.greeting)
                if not why:
                    code = c.message(b"Subject: honest\n\ntext\n").code
                    why = "" if code == 250 else "%d for a message" % code
                if not why:
                    c.quit()
        except Exception as e:          # whatever it is, it did not succeed
            why = repr(e)
        found.append([due, time.monotonic() - due, why])

    begin = time.monotonic()
    number = 0
    while number < rate * seconds and not asked(stop):
        due = begin + number / rate
        time.sleep(max(0, due - time.monotonic()))
        t = threading.Thread(target=one, args=(number, due))
        t.start()
        running.append(t)
        number += 1
    for t in running:
        t.join()
    return found


def percentile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part / 100))]
