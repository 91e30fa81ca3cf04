"""peer - an SMTP or LMTP server of a few lines, for the tests of ch_smtp and
ch_lmtp: what it says at each point, and where it dies, is the test's."""
import contextlib
import os
import re
import socket
import threading
import time

from harness import free_port

KEYWORDS = ("PIPELINING", "8BITMIME", "SIZE 50000000", "DSN")


class Gone(Exception):
    """The other end closed, or we did."""


class Message:
    def __init__(self):
        self.mail, self.rcpts, self.data, self.bdat = None, [], b"", False
        self.helo, self.tls = None, False


class Peer:
    """Serves until it is closed.  say: replies by stage (CONNECT, EHLO, HELO,
    MAIL, RCPT, DATA, END, BDAT, RSET, QUIT), each a string, a list of them
    (for the first time, the second, and at last for good), or a function of
    the connection and the argument.  None: it closes; "": it says nothing.
    die: the stage at which it closes with a reset, `after` its reply."""

    def __init__(self, keywords=KEYWORDS, say=(), lmtp=False, path=None,
                 address="127.0.0.1", port=None, buffers=None):
        self.keywords, self.say, self.lmtp = list(keywords), dict(say), lmtp
        self.messages = []          # those that were answered with 2xx
        self.tried = []             # and all others that came whole
        self.log = []               # lines as they came
        self.connections = 0
        self.open = []
        self.context = None         # of TLS
        self.login = None           # what AUTH took
        self.cut = 0
        self.secured = None         # keywords under TLS, if others
        self.path = path
        if path is None:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            self.listener = socket.socket(family)
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.port = port or free_port(address)
            self.listener.bind((address, self.port))
            self.at = ("[%s]:%d" if ":" in address else "%s:%d") % (
                address, self.port)
        else:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(path)
            os.chmod(path, 0o777)
            self.at = "unix:" + path
        if buffers:
            for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                self.listener.setsockopt(socket.SOL_SOCKET, option, buffers)
        self.listener.listen(50)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                s = self.listener.accept()[0]
            except OSError:
                return
            self.connections += 1
            self.open.append(s)
            threading.Thread(target=self.serve, args=(s,),
                             daemon=True).start()

    def serve(self, s):
        with contextlib.suppress(OSError, Gone):
            Session(self, s).run()
        with contextlib.suppress(OSError):
            s.close()
        with contextlib.suppress(ValueError):
            self.open.remove(s)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for s in list(self.open):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
        if self.path:
            os.unlink(self.path)

    def verbs(self):
        return [line.split()[0].upper() for line in self.log]


class Session:
    def __init__(self, peer, s):
        self.peer, self.s, self.buffer = peer, s, b""
        self.times = {}
        self.message = Message()
        self.helo = None
        self.tls = False

    def more(self):
        got = self.s.recv(65536)
        if not got:
            raise Gone
        self.buffer += got

    def line(self):
        while b"\n" not in self.buffer:
            self.more()
        line, self.buffer = self.buffer.split(b"\n", 1)
        assert line.endswith(b"\r"), line
        return line[:-1]

    def take(self, n):
        while len(self.buffer) < n:
            self.more()
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def said(self, stage, fallback, argument=""):
        """Sends the reply; gives its first digit."""
        text = self.peer.say.get(stage, fallback)
        if isinstance(text, (list, tuple)):
            n = self.peer.say.setdefault("#" + stage, 0)
            self.peer.say["#" + stage] = n + 1
            text = text[min(n, len(text) - 1)]
        if callable(text):
            text = text(self, argument)
        if text is None:
            self.s.shutdown(socket.SHUT_RDWR)
            raise Gone
        while text == "":           # says nothing, and does nothing
            self.more()
        if text:
            raw = text if isinstance(text, bytes) else text.encode("latin-1")
            if not raw.endswith(b"\n"):
                raw = raw.replace(b"\n", b"\r\n") + b"\r\n"
            self.s.sendall(raw)
        return str(text)[:1] if isinstance(text, str) else text[:1].decode()

    def run(self):
        self.said("CONNECT", "220 peer.test ESMTP")
        while True:
            line = self.line().decode("latin-1")
            self.peer.log.append(line)
            verb, _, argument = line.partition(" ")
            verb = verb.upper()
            if verb in ("EHLO", "LHLO"):
                self.ehlo(verb, argument)
            elif verb == "HELO":
                self.said("HELO", "250 peer.test", argument)
            elif verb == "MAIL":
                self.message = Message()
                self.message.mail = argument
                self.message.helo = self.helo
                self.message.tls = self.tls
                if self.said("MAIL", "250 2.1.0 fine", argument) != "2":
                    self.message.mail = None
            elif verb == "RCPT":
                if self.message.mail is None:
                    self.said("RCPTBAD", "503 5.5.1 no MAIL", argument)
                elif self.said("RCPT", "250 2.1.5 fine", argument) == "2":
                    self.message.rcpts.append(argument)
            elif verb == "DATA":
                self.data()
            elif verb == "BDAT":
                self.bdat(argument)
            elif verb == "RSET":
                self.message = Message()
                self.said("RSET", "250 2.0.0 fine")
            elif verb == "STARTTLS":
                if self.said("STARTTLS", "220 2.0.0 go") == "2":
                    self.starttls()
            elif verb == "AUTH":
                self.auth(argument)
            elif verb == "QUIT":
                self.said("QUIT", "221 2.0.0 bye")
                return
            else:
                self.said("OTHER", "500 5.5.1 what", line)

    def starttls(self):
        # What a man in the middle put behind it is still there: a server
        # that is sane drops it, too.
        self.buffer = b""
        if self.peer.context is None:
            self.more()
            raise Gone
        self.s = self.peer.context.wrap_socket(self.s, server_side=True)
        self.tls = True

    def auth(self, argument):
        self.peer.login = argument
        self.said("AUTH", "235 2.7.0 in", argument)

    def ehlo(self, verb, name):
        self.helo = verb + " " + name
        words = list(self.peer.keywords)
        if self.tls and self.peer.secured is not None:
            words = self.peer.secured
        if self.tls:
            words = [w for w in words if w != "STARTTLS"]
        lines = ["peer.test"] + words
        text = "".join("250%s%s\n" % (" " if i == len(lines) - 1 else "-", w)
                       for i, w in enumerate(lines))[:-1]
        self.said(verb, text, name)

    def data(self):
        if not self.message.rcpts:
            if self.peer.say.get("EMPTY") is None:
                self.said("NOBODY", "503 5.5.1 no recipient")
                return
        if self.said("DATA", "354 go ahead") != "3":
            return
        self.cut()
        while not (self.buffer.startswith(b".\r\n") or
                   b"\r\n.\r\n" in self.buffer[-200000:]):
            self.more()
        text, _, self.buffer = (b"\r\n" + self.buffer).partition(
            b"\r\n.\r\n")
        text = (text + b"\r\n")[2:]
        bare = text.replace(b"\r\n", b"")
        assert b"\r" not in bare and b"\n" not in bare
        self.message.data = b"".join(
            (line[1:] if line.startswith(b".") else line) + b"\r\n"
            for line in text.split(b"\r\n")[:-1])
        self.end()

    def cut(self):
        """Dies, once, after so many bytes of a message."""
        n, self.peer.cut = self.peer.cut, 0
        if n:
            while len(self.buffer) < n:
                self.more()
            raise Gone

    def bdat(self, argument):
        size, _, last = argument.partition(" ")
        self.message.bdat = True
        self.cut()
        self.message.data += self.take(int(size))
        if last.upper() == "LAST":
            self.end()
        else:
            self.said("BDAT", "250 2.0.0 fine")

    def end(self):
        m, self.message = self.message, Message()
        n = len(m.rcpts) if self.peer.lmtp else 1
        self.peer.tried.append(m)
        good = False
        for _ in range(n):
            good = self.said("END", "250 2.6.0 queued as 1", m) == "2" or good
        if good:
            self.peer.messages.append(m)
