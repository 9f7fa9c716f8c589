"""SpA2V Studio: `python app.py` serves the app."""

from ui.main import main

if __name__ == "__main__":
    main()
