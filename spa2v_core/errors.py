"""Errors whose message a user can act on: it says what is wrong and what to do."""


class Spa2vError(Exception):
    """Base of every error that may be shown to a user as it stands."""

    exit_code = 1


class InputError(Spa2vError):
    """The given file, span or option can't be used."""

    exit_code = 2


class LayoutError(InputError):
    """A layout is not valid; the message starts with the path of the field."""


class PlannerError(Spa2vError):
    """A planner could not make a layout from valid input."""


class BackendError(Spa2vError):
    """A backend can't render: missing weights, packages or memory."""


class HubError(Spa2vError):
    """Pinned weights are not on this machine, or can't be fetched."""


class OutputError(Spa2vError):
    """A file can't be written."""


class AssetError(Spa2vError):
    """A file that the program ships is missing or damaged."""


class BatchError(Spa2vError):
    """Rows of a batch failed; the others are done."""
