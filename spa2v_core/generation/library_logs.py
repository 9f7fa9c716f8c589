"""diffusers and transformers warn of what is meant here, and draw progress bars of their own."""

from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging


def quiet_libraries() -> None:
    for logging in (diffusers_logging, transformers_logging):
        logging.set_verbosity_error()
        logging.disable_progress_bar()
