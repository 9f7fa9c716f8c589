"""A worker whose cases go wrong in every way, to see that the harness tells."""

import os
import random
import signal
import sys
import time

from . import cases, worker


def broken(rng: random.Random) -> None:
    way = _WAYS.get(rng.random())
    if way == "raises":
        raise KeyError("broken")
    if way == "grows":
        bytearray(1 << 32)
    if way == "hangs":
        time.sleep(60)
    if way == "dies":
        os.kill(os.getpid(), signal.SIGSEGV)


#: First random number of a case's own seed -> what it does.
_WAYS = {
    random.Random(f"layouts {seed}").random(): way
    for seed, way in enumerate(("", "raises", "grows", "hangs", "dies"))
}

if __name__ == "__main__":
    cases.KINDS = {"layouts": broken}
    cases.prepare = lambda: None
    worker.main(int(sys.argv[1]))
