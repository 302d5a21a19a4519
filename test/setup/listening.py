"""Runs a program that takes over a listening socket, as systemd hands it over: listening.py COMMAND…

The socket is on loopback of the network that this starts in, also where the command enters another one. Says its port
first: `port 40123`.
"""

import os
import socket
import sys

FIRST = 3

listening = socket.create_server(("127.0.0.1", 0))
print("port", listening.getsockname()[1], flush=True)
if listening.fileno() != FIRST:
    os.dup2(listening.fileno(), FIRST)
os.set_inheritable(FIRST, True)
os.environ["LISTEN_FDS"] = "1"
os.environ["LISTEN_PID"] = str(os.getpid())
os.execvp(sys.argv[1], sys.argv[1:])
