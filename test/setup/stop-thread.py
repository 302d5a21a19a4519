"""Stops one thread of a process (state t) until this program ends: stop-thread.py PID NAME."""

import ctypes
import os
import sys
import time

PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]

pid, name = sys.argv[1], sys.argv[2]
for thread in os.listdir(f"/proc/{pid}/task"):
    with open(f"/proc/{pid}/task/{thread}/comm", encoding="utf-8") as comm:
        if comm.read().strip() != name:
            continue
    for request in (PTRACE_SEIZE, PTRACE_INTERRUPT):
        if libc.ptrace(request, int(thread), None, None) != 0:
            sys.exit(os.strerror(ctypes.get_errno()))
    print("stopped", flush=True)
    time.sleep(120)
sys.exit(f"process {pid} has no thread {name}")
