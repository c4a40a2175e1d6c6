//! Backend pools, selection strategies and circuit breakers; no I/O, no clock of its own
