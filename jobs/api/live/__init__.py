"""What happens, as it happens: one reader of the event log a process, and any number of streams and long polls that it feeds."""
