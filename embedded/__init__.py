"""Private servers and processes for one checkout: what `make up`, `make demo` and the tests stand on."""
