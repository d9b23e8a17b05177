"""What a bare flood leaves between two sockets with autotuned buffers: no framing, no openings, nobody reads.

The figure depends on how the writer writes: large writes that wait for room, as here and in the program.
"""

import select
import socket
import time

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
producer = socket.create_connection(listener.getsockname())
consumer, _ = listener.accept()
producer.setblocking(False)
payload = bytes(256 * 1024)
absorbed = 0
deadline = time.monotonic() + 1.5
while (left := deadline - time.monotonic()) > 0:
    try:
        absorbed += producer.send(payload)
    except BlockingIOError:
        select.select([], [producer], [], left)
print(absorbed)
