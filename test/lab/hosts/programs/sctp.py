"""SCTP for a host of the lab: serves, answering with a name, and asks. Ends when its standard input does."""

import json
import os
import socket
import sys
import threading
import time

IPPROTO_SCTP = 132


def end_with_input():
    # Not with sys.stdin, whose lock would be held while the program ends.
    while os.read(0, 4096):
        pass
    os._exit(0)


def new_socket(address, port=0):
    # One address: an end with several would announce them in its chunks, which IPVS does not translate.
    one = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_SCTP)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind((address, port))
    return one


def serve(address, port, name):
    server = new_socket(address, int(port))
    server.listen(16)
    print("listening", flush=True)
    while True:
        association, client = server.accept()
        with association:
            association.sendall(json.dumps({"server": name, "client": client[0]}).encode())


def ask_once(address, port, source, timeout):
    start = time.monotonic()
    try:
        with new_socket(source) as association:
            association.settimeout(timeout)
            association.connect((address, port))
            reply = json.loads(association.recv(4096))
    except socket.timeout:
        reply = {"failure": f"no answer within {timeout:g} s"}
    except (OSError, ValueError) as error:
        reply = {"failure": str(error)}
    return {**reply, "milliseconds": (time.monotonic() - start) * 1000}


def ask(address, port, source, count, timeout):
    for _ in range(int(count)):
        print(json.dumps(ask_once(address, int(port), source, float(timeout))), flush=True)


threading.Thread(target=end_with_input, daemon=True).start()
{"serve": serve, "ask": ask}[sys.argv[1]](*sys.argv[2:])
