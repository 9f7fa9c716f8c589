"""The command that serves the page: `python app.py`, or `spa2v-studio` where it is installed."""

import argparse
import sys

from spa2v_core.threads import one_blas_thread


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve SpA2V Studio in the browser.")
    parser.add_argument("--host", default=None, help="address to listen on (default: local only)")
    parser.add_argument(
        "--port", type=int, default=None, help="port (default: 7860 or the next free)"
    )
    parser.add_argument("--share", action="store_true", help="make a temporary public link")
    parser.add_argument("--mcp", action="store_true", help="offer tools to assistants (MCP)")
    options = parser.parse_args()
    one_blas_thread()
    print("Starting SpA2V Studio (planning the first example) ...", flush=True)

    from spa2v_core.errors import Spa2vError

    from .service.serve import launch

    try:
        launch(options.host, options.port, options.share, mcp=options.mcp)
    except Spa2vError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:  # while it starts; afterwards Gradio ends it in order
        sys.exit(130)
