"""`fiveways serve` under clients of every kind. Nothing here asserts a time: a wait ends by what comes, or fails."""
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import unittest

BIN = pathlib.Path(sys.argv.pop(1))
SERVER = sys.argv.pop(1)
RUNTIME = "processes" if SERVER == "prefork" else SERVER
COMMAND = [BIN / "fiveways", "serve", "--runtime", RUNTIME] + (["--variant", "prefork", "--set", "connections=40"] if SERVER == "prefork" else [])
CROWD = 30 if SERVER == "prefork" else 300
WAIT = 60  # seconds until a test gives up
GREETING = b"Hello, world!\n"
MASK = (1 << 64) - 1


def mix(x):
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & MASK
    return x ^ x >> 31


def request(path="/", method="GET", version="1.1", headers=(), body=b""):
    lines = [f"{method} {path} HTTP/{version}", *(headers if headers and headers[0].startswith("Host") else ["Host: here", *headers])]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Client:
    def __init__(self, port, **options):
        self.end = socket.create_connection(("127.0.0.1", port), timeout=WAIT)
        self.have = b""

    def send(self, data):
        self.end.sendall(data)
        return self

    def more(self):
        got = self.end.recv(65536)
        self.have += got
        return got

    def answer(self, bodiless=False):
        """Status, headers, body of the next answer; None when the connection ends first."""
        while b"\r\n\r\n" not in self.have:
            if not self.more():
                return None
        head, self.have = self.have.split(b"\r\n\r\n", 1)
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        status = int(first.split()[1])
        if status == 100:
            return self.answer(bodiless)
        if bodiless:
            return status, headers, b""
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while True:
                size = int(self.until(b"\r\n"), 16)
                body += self.take(size)
                self.take(2)
                if size == 0:
                    return status, headers, body
        return status, headers, self.take(int(headers["content-length"]))

    def until(self, mark):
        while mark not in self.have:
            if not self.more():
                raise EOFError(self.have)
        before, self.have = self.have.split(mark, 1)
        return before

    def take(self, count):
        while len(self.have) < count:
            if not self.more():
                raise EOFError(self.have)
        taken, self.have = self.have[:count], self.have[count:]
        return taken

    def ends(self):
        """True when nothing but the end comes."""
        try:
            while self.more():
                pass
        except ConnectionResetError:
            pass
        return self.have == b""

    def reset(self):
        self.end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.end.close()


class Served:
    def __init__(self, *more):
        self.process = subprocess.Popen([*COMMAND, "--workers", "2", *more], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.port = int(re.fullmatch(r"listening on http://127\.0\.0\.1:(\d+) \(2 workers\)\n", line)[1])

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=WAIT)
        self.process.stdout.close()
        return status

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


class Requests(unittest.TestCase):
    """One server; each test leaves it as it was, and after each it must still answer."""

    @classmethod
    def setUpClass(cls):
        cls.server = Served("--set", "request_ms=500", "--set", "idle_ms=1500")

    @classmethod
    def tearDownClass(cls):
        status = cls.server.end()
        if status != 0:
            raise AssertionError(f"the server ended with {status}")

    def client(self):
        client = Client(self.server.port)
        self.addCleanup(client.end.close)
        return client

    def tearDown(self):
        self.assertEqual(self.client().send(request()).answer()[2], GREETING)

    def ask(self, data):
        return self.client().send(data).answer()

    def test_answers(self):
        client = self.client()
        for number in (0, 1, 42, 10**18):
            status, headers, body = client.send(request(f"/n/{number}")).answer()
            self.assertEqual((status, body), (200, b"%016x" % mix(1 + number)))
            self.assertIn("GMT", headers["date"])
        status, headers, body = client.send(request(method="HEAD")).answer(bodiless=True)
        self.assertEqual((status, headers["content-length"]), (200, str(len(GREETING))))
        self.assertEqual(client.send(request()).answer()[2], GREETING)

    def test_many_in_one_piece_are_answered_in_order(self):
        client = self.client().send(b"".join(request(f"/n/{i}") for i in range(500)))
        for i in range(500):
            self.assertEqual(client.answer()[2], b"%016x" % mix(1 + i))

    def test_one_in_many_pieces(self):
        data = request("/n/7") + request("/echo", "POST", headers=["Content-Length: 3"], body=b"abc")
        client = self.client()
        client.end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(len(data)):
            client.send(data[i:i + 1])
        self.assertEqual([client.answer()[2], client.answer()[2]], [b"%016x" % mix(8), b"abc"])

    def test_a_body_comes_back(self):
        body = os.urandom(300000)
        chunked = b"".join(b"%x;x=y\r\n%s\r\n" % (len(part), part) for part in (body[:1], body[1:5000], body[5000:])) + b"0\r\nTrailer: t\r\n\r\n"
        for headers, sent in ((["Content-Length: 300000"], body), (["Content-Length: 300000", "Expect: 100-continue"], body),
                              (["Transfer-Encoding: Chunked"], chunked), (["Content-Length: 300000", "Connection: close"], body)):
            client = self.client()
            pid = os.fork()
            if pid == 0:  # what is echoed must be read while more is sent
                try:
                    client.send(request("/echo", "POST", headers=headers, body=sent))
                finally:
                    os._exit(0)
            self.assertEqual(client.answer()[::2], (200, body))
            os.waitpid(pid, 0)

    def test_wrong_paths_and_methods(self):
        client = self.client()
        for path, method, status, allow in (("/nothing", "GET", 404, None), ("/n/x", "GET", 404, None), ("/n/", "GET", 404, None), ("/", "POST", 405, "GET, HEAD"),
                                            ("/echo", "GET", 405, "POST"), ("/n/1", "DELETE", 405, "GET, HEAD"), ("/" + "x" * 5000, "GET", 404, None)):
            got, headers, _ = client.send(request(path, method)).answer()
            self.assertEqual((got, headers.get("allow")), (status, allow), path)
        status, headers, _ = self.ask(request("/", "POST", headers=["Content-Length: 5"], body=b"12345"))
        self.assertEqual((status, headers["connection"]), (405, "close"))
        self.assertEqual(self.ask(request("here:80", "CONNECT"))[0], 404)

    def test_what_is_no_request_is_refused_and_the_connection_closed(self):
        two = ["Content-Length: 4", "Transfer-Encoding: chunked"]
        for data, status in (
                (b"nonsense\r\n\r\n", 400), (b"\0\1\2\3", 400), (b"GET / HTTP/1.1\r\nHost here\r\n\r\n", 400), (b"\x16\x03\x01\x02\x00", 400),
                (request("/echo", "POST", headers=two, body=b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n"), 400),
                (request("/echo", "POST", headers=two[::-1], body=b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n"), 400),
                (request("/echo", "POST", headers=["Content-Length: 4", "Content-Length: 5"], body=b"12345"), 400),
                (request("/echo", "POST", headers=["Content-Length: +5"], body=b"12345"), 400), (request("/echo", "POST", headers=["Content-Length: 99999999999999999999"]), 400),
                (request("/echo", "POST", headers=["Transfer-Encoding: xchunked"], body=b"0\r\n\r\n"), 501),
                (request("/echo", "POST", headers=["Transfer-Encoding: gzip, chunked"], body=b"0\r\n\r\n"), 501),
                (request("/echo", "POST", "1.0", headers=["Transfer-Encoding: chunked"], body=b"0\r\n\r\n"), 400),
                (request(version="2.0"), 505), (b"GET / HTTP/1.1\r\n\r\n", 400), (request(headers=["Host: a", "Host: b"]), 400)):
            client = self.client().send(data)
            got, headers, _ = client.answer()
            self.assertEqual((got, headers["connection"]), (status, "close"), data)
            client.end.shutdown(socket.SHUT_WR)
            self.assertTrue(client.ends(), data)

    def test_an_answer_that_has_begun_is_cut_off(self):
        client = self.client().send(request("/echo", "POST", headers=["Transfer-Encoding: chunked"], body=b"1\r\nx\r\nnonsense\r\n"))
        with self.assertRaises((EOFError, ConnectionResetError)):
            client.answer()
        self.assertNotIn(b"HTTP", client.have)

    def test_old_clients(self):
        self.assertEqual(self.ask(request(version="1.0"))[1]["connection"], "close")
        client = self.client().send(request(version="1.0", headers=["Connection: keep-alive"]))
        self.assertEqual(client.answer()[1]["connection"], "keep-alive")
        client.send(request(headers=["Connection: close"]))
        self.assertEqual(client.answer()[1]["connection"], "close")
        self.assertTrue(client.ends())

    def test_a_header_of_a_megabyte(self):
        client = self.client()
        try:
            client.send(b"GET / HTTP/1.1\r\nHost: here\r\nX: " + b"y" * 1000000 + b"\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        self.assertEqual(client.answer()[0], 431)

    def test_half_closed(self):
        client = self.client().send(request("/n/3") + request("/n/4"))
        client.end.shutdown(socket.SHUT_WR)
        self.assertEqual([client.answer()[2], client.answer()[2]], [b"%016x" % mix(4), b"%016x" % mix(5)])
        self.assertTrue(client.ends())

    def test_reset_in_a_body(self):
        for sent in (b"", b"x" * 1000):
            self.client().send(request("/echo", "POST", headers=["Content-Length: 100000"], body=sent)).reset()
            client = self.client().send(request("/echo", "POST", headers=["Content-Length: 2000"], body=sent))
            client.more()
            client.reset()

    def test_too_slow_requests_end_and_others_are_served_meanwhile(self):
        for begun in (request()[:20], request("/echo", "POST", headers=["Content-Length: 10"], body=b"x")):
            slow, quick = self.client().send(begun), self.client()
            for i in range(50):
                self.assertEqual(quick.send(request(f"/n/{i}")).answer()[0], 200)
            if b"echo" in begun:
                self.assertEqual(slow.until(b"\r\n\r\n")[:15], b"HTTP/1.1 200 OK")
                slow.take(1)
            if slow.have == b"" and b"echo" not in begun:
                self.assertEqual(slow.answer()[0], 408)
            else:
                slow.have = b""
                slow.ends()

    def test_who_drips_a_byte_at_a_time_is_cut_off(self):
        client = self.client()
        client.end.settimeout(0.1)
        with self.assertRaises((ConnectionResetError, BrokenPipeError, EOFError)):
            client.send(b"GET / HTTP/1.1\r\nX: ")
            for _ in range(WAIT * 10):
                client.send(b"y")
                try:
                    if not client.more():
                        raise EOFError
                except socket.timeout:
                    pass

    def test_idle_connections_are_closed(self):
        self.assertTrue(self.client().ends())
        client = self.client().send(request())
        client.answer()
        self.assertTrue(client.ends())

    def test_who_does_not_read_is_cut_off(self):
        client = self.client()
        client.end.settimeout(0.1)
        with self.assertRaises((ConnectionResetError, BrokenPipeError)):
            data = request("/n/1") * 1000
            for _ in range(WAIT * 100):
                try:
                    data = data[client.end.send(data):] or request("/n/1") * 1000
                except socket.timeout:
                    pass

    def test_opened_and_dropped(self):
        before = self.server.descriptors()
        for _ in range(3):
            crowd = [self.client() for _ in range(CROWD)]
            for number, client in enumerate(crowd):
                if number % 3 == 0:
                    client.reset()
                elif number % 3 == 1:
                    client.send(request()[:9]).end.close()
                else:
                    client.end.close()
        last = self.client()  # those before it were accepted before it
        while self.server.descriptors() > before + 2:
            last.send(request())
            self.assertEqual(last.answer()[0], 200)

    def test_it_listens_on_loopback(self):
        with open("/proc/net/tcp", encoding="ascii") as file:
            mine = [line.split()[1] for line in file if line.split()[1].endswith(f":{self.server.port:04X}") and line.split()[3] == "0A"]
        self.assertEqual(mine, [f"0100007F:{self.server.port:04X}"])


class Ends(unittest.TestCase):
    def test_sigterm_ends_it_whatever_is_connected(self):
        server = Served()
        idle, asking, half = (Client(server.port) for _ in range(3))
        idle.send(request()).answer()
        half.send(request()[:10])
        asking.send(request("/n/1"))
        self.assertEqual(asking.answer()[0], 200)
        self.assertEqual(server.end(), 0)
        for client in (idle, asking, half):
            self.assertTrue(client.ends())
            client.end.close()
        with self.assertRaises(ConnectionRefusedError):
            Client(server.port)

    def test_words(self):
        for words, status, told in ((["--port", "65536"], 2, "--port 65536: expected"), (["--workers", "0"], 2, "--workers 0: expected"),
                                    (["--address", "here"], 2, "--address here: expected"), (["--set", "x=1"], 2, "x"), (["--what"], 2, "--what: no such option"),
                                    (["--set", "idle_ms=0"], 2, "idle_ms=0: expected"), (["--variant", "none"], 2, "--variant none")):
            done = subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=WAIT)
            self.assertEqual((done.returncode, done.stdout, len(done.stderr.splitlines())), (status, "", 1), done.stderr)
            self.assertIn(told, done.stderr)

    def test_a_port_in_use(self):
        server = Served()
        done = subprocess.run([*COMMAND, "--port", str(server.port)], capture_output=True, text=True, timeout=WAIT)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("Address already in use", done.stderr)
        self.assertEqual(server.end(), 0)


if __name__ == "__main__":
    unittest.main()
