"""names - a small name server in the test itself: PTR, A, MX and TXT from
dictionaries, SERVFAIL where asked for."""
import re
import socket
import struct
import threading

PTR, A, MX, TXT, AAAA, NXDOMAIN, SERVFAIL = 12, 1, 15, 16, 28, 3, 2


def name_bytes(name):
    return b"".join(bytes([len(part)]) + part.encode()
                    for part in name.split(".") if part) + b"\0"


class Names:
    """Answers from dictionaries; SERVFAIL for what broken matches.  mail: the
    MX of a name, "" for one that takes none.  text: its TXT, a string or a
    list of some."""

    def __init__(self, reverse, forward, broken, mail=None, text=None):
        self.reverse, self.forward, self.broken = reverse, forward, broken
        self.mail, self.text = mail or {}, text or {}
        self.asked = []
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                data, who = self.sock.recvfrom(4096)
                self.sock.sendto(self.answer(data), who)
            except OSError:
                return

    def answer(self, data):
        at, parts = 12, []
        while data[at]:
            parts.append(data[at + 1:at + 1 + data[at]].decode())
            at += 1 + data[at]
        kind = struct.unpack("!H", data[at + 1:at + 3])[0]
        question = data[12:at + 5]
        name = ".".join(parts).lower()
        self.asked.append((kind, name))
        rows, n, code = b"", 1, 0
        if re.search(self.broken, name):
            code = SERVFAIL
        elif kind == PTR and name in self.reverse:
            value = name_bytes(self.reverse[name])
            rows = b"\xc0\x0c" + struct.pack("!HHIH", PTR, 1, 60,
                                             len(value)) + value
        elif kind == A and name in self.forward:
            rows = b"\xc0\x0c" + struct.pack("!HHIH", A, 1, 60, 4) \
                + socket.inet_aton(self.forward[name])
        elif kind == MX and name in self.mail:
            value = struct.pack("!H", 10 if self.mail[name] else 0) \
                + name_bytes(self.mail[name])
            rows = b"\xc0\x0c" + struct.pack("!HHIH", MX, 1, 60,
                                             len(value)) + value
        elif kind == TXT and name in self.text:
            texts = self.text[name]
            texts = [texts] if isinstance(texts, str) else texts
            n = len(texts)
            rows = b"".join(b"\xc0\x0c" + struct.pack(
                "!HHIHB", TXT, 1, 60, len(t) + 1, len(t)) + t.encode()
                for t in texts)
        elif name not in self.forward and name not in self.mail and \
                name not in self.text:
            code = NXDOMAIN
        return data[:2] + struct.pack("!HHHHH", 0x8180 | code, 1,
                                      n if rows else 0, 0, 0) \
            + question + rows
