"""What stops a start, in words for the person who started it."""


class StartError(Exception):
    """The servers or processes cannot be started; the message says what to do about it."""


class AlreadyRunning(StartError):
    """Another process owns the folder."""


class Terminated(KeyboardInterrupt):
    """Told to end by SIGTERM or SIGHUP rather than from the keyboard, so what we run in the foreground has not heard of it."""
