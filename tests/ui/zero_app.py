"""The app on a pretended ZeroGPU: the real `spaces` package, over a device API that lends a card
which is not there. What touches the card in the forked process is left out, the rest is as it is.

    SPACES_ZERO_GPU=true SPACES_ZERO_DEVICE_API_URL=http://127.0.0.1:PORT python zero_app.py PORT
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class DeviceApi(BaseHTTPRequestHandler):
    """Lends to everybody."""

    def do_POST(self):  # noqa: N802
        lent = {"idle": True, "nvidiaIndex": 0, "nvidiaUUID": "MIG-x", "allowToken": "t"}
        body = json.dumps(lent).encode() if self.path.startswith("/schedule") else b""
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main() -> None:
    api = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), DeviceApi)
    threading.Thread(target=api.serve_forever, args=(0.02,), daemon=True).start()

    import torch

    torch.version.cuda = "12.8"
    torch._C._cuda_init = lambda: None
    torch.cuda._is_in_bad_fork = bool
    import spaces
    import spaces.zero
    from spaces.zero.torch import patching

    from spa2v_core.generation import hardware

    print("in the parent:", hardware.cuda_or_cpu(), torch.zeros(2).to("cuda").device, flush=True)
    patching.cuda_aliases.clear()
    spaces.zero.torch.init = lambda uuid: None
    spaces.zero.torch.size = lambda: 0
    spaces.zero.torch.move = lambda **_: None
    hardware.cuda_or_cpu = lambda: "cpu"  # no card to move the model to
    from ui.service.serve import launch

    launch(None, None, False)


if __name__ == "__main__":
    main()
