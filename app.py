"""SpA2V Studio: `python app.py` serves the app."""

from contextlib import suppress

with suppress(ImportError):
    import spaces  # noqa: F401 (on ZeroGPU it has to be imported before torch)

from ui.main import main

if __name__ == "__main__":
    main()
