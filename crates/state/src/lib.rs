//! Values, counters and caches shared by requests: in memory
