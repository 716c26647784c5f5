"""An origin that answers what the request itself says: X-Answer holds a whole response in hexadecimal.

Where X-Answer-304 is there as well, a conditional request is answered with a 304. Every answer says in X-Asked by which
conditions it was asked.
"""
import asyncio
import re
import sys

FIELD = re.compile(rb"^(x-answer|x-answer-304|if-none-match|if-modified-since): *(.*?)\r$", re.I | re.M)


class Connection(asyncio.Protocol):
    def __init__(self):
        self.data = b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.data += data
        while b"\r\n\r\n" in self.data:
            head, _, self.data = self.data.partition(b"\r\n\r\n")
            self.answer(head + b"\r\n")

    def answer(self, head):
        fields = {name.lower(): value for name, value in FIELD.findall(head)}
        tag, since = fields.get(b"if-none-match"), fields.get(b"if-modified-since")
        answer = fields[b"x-answer"]
        if (tag or since) and b"x-answer-304" in fields:
            answer = fields[b"x-answer-304"]
        lines, _, body = bytes.fromhex(answer.decode()).partition(b"\r\n\r\n")
        if head.startswith(b"HEAD "):
            body = b""
        asked = b"\r\nX-Asked: %s | %s\r\n\r\n" % (tag or b"-", since or b"-")
        self.transport.write(lines + asked + body)


async def main():
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", int(sys.argv[1]), backlog=1024)
    await server.serve_forever()


asyncio.run(main())
