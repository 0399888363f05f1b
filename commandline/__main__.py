"""``python -m commandline`` where the script ``jobsctl`` is not installed."""

from commandline.main import main

main()
