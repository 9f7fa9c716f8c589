"""The command that serves the page: `python app.py`, or `spa2v-studio` where it is installed."""

import argparse


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve SpA2V Studio in the browser.")
    parser.add_argument("--host", default=None, help="address to listen on (default: local only)")
    parser.add_argument(
        "--port", type=int, default=None, help="port (default: 7860 or the next free)"
    )
    parser.add_argument("--share", action="store_true", help="make a temporary public link")
    options = parser.parse_args()
    print("Starting SpA2V Studio (planning the first example) ...", flush=True)

    from .build import launch

    launch(options.host, options.port, options.share)
