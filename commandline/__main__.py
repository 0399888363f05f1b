"""``python -m commandline`` where the script ``jobs`` is not installed."""

from commandline.main import main

main()
