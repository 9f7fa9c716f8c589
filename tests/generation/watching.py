"""What a module is given, call by call."""

from contextlib import contextmanager


@contextmanager
def inputs_of(module, take):
    """List of `take(args, kwargs)` of each call while in the block, behind all earlier hooks."""
    seen = []
    hook = module.register_forward_pre_hook(
        lambda _module, args, kwargs: seen.append(take(args, kwargs)), with_kwargs=True
    )
    try:
        yield seen
    finally:
        hook.remove()
