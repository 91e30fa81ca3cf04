"""between - stands in front of a name server: counts questions, and for names
in some zones leaves them without an answer, fails, or waits until told."""
import socket
import struct
import threading


def name_of(question):
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1:at + 1 + question[at]].decode(
            "ascii", "replace").lower())
        at += 1 + question[at]
    return ".".join(labels), struct.unpack(">H", question[at + 1:at + 3])[0]


class Between(threading.Thread):
    """manners: by zone "silent", "fails" or "waits" (for go()).
    together: how many different questions must be there before any of these
    is answered."""

    def __init__(self, served, manners=None, together=0):
        super().__init__(daemon=True)
        self.served, self.manners = served, dict(manners or {})
        self.together = together
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.at = "127.0.0.1:%d" % self.sock.getsockname()[1]
        self.asked = []         # (name, type), each time
        self.held = []
        self.gone = threading.Event()
        self.lock = threading.Lock()
        self.start()

    def manner(self, name):
        for zone, manner in self.manners.items():
            if name == zone or name.endswith("." + zone):
                return manner
        return None

    def forward(self, question, sender):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(5)
            s.connect((self.served.address, self.served.port))
            s.send(question)
            try:
                self.sock.sendto(s.recv(4096), sender)
            except OSError:
                pass

    def fail(self, question, sender):
        head = bytearray(question[:12])
        head[2] |= 0x80
        head[3] = 0x82
        head[6:12] = bytes(6)
        at = 12
        while question[at]:
            at += 1 + question[at]
        self.sock.sendto(bytes(head) + question[12:at + 5], sender)

    def answer(self, question, sender, name):
        if self.manner(name) == "fails":
            self.fail(question, sender)
        else:
            self.forward(question, sender)

    def go(self):
        """Answers what waits, and no longer lets anything wait."""
        with self.lock:
            self.manners = {zone: manner for zone, manner in
                            self.manners.items() if manner != "waits"}
            held, self.held = self.held, []
        for question, sender, name in held:
            self.answer(question, sender, name)

    def names(self, zone=""):
        return [name for name, _ in self.asked if name.endswith(zone)]

    def run(self):
        early = []
        while True:
            try:
                question, sender = self.sock.recvfrom(4096)
            except OSError:
                return
            name, kind = name_of(question)
            with self.lock:
                self.asked.append((name, kind))
                manner = self.manner(name)
                if manner == "waits":
                    self.held.append((question, sender, name))
            if manner in ("silent", "waits"):
                continue
            early.append((question, sender, name))
            if len(set(self.asked)) >= self.together:
                for each in early:
                    self.answer(*each)
                early = []
