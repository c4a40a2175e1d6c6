//! Azure OpenAI look-alike server: quotas, latency, faults, streaming
