//! Azure OpenAI wire format: requests, responses, server-sent events, errors, headers, token counting
