"""Calls a gateway with the stock AzureOpenAI client and tells, as JSON on one line, what came back.

usage: sdk.py ENDPOINT KEY [ROUNDS]
"""

import json
import sys

from openai import AzureOpenAI

endpoint, key = sys.argv[1], sys.argv[2]
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 1

client = AzureOpenAI(
    azure_endpoint=endpoint, api_key=key, api_version="2024-10-21", max_retries=0, timeout=60
)
messages = [{"role": "user", "content": "Say something about the tide."}]
result = {"chat": 0, "stream": 0, "completions": 0, "embeddings": 0}

for _ in range(rounds):
    chat = client.chat.completions.create(model="gpt-35-turbo", messages=messages, max_tokens=20)
    assert chat.choices[0].message.content
    assert chat.usage.total_tokens == chat.usage.prompt_tokens + chat.usage.completion_tokens
    result["chat"] += 1

    text, finish, usage = "", None, None
    stream = client.chat.completions.create(
        model="gpt-35-turbo",
        messages=messages,
        max_tokens=20,
        stream=True,
        stream_options={"include_usage": True},
    )
    for chunk in stream:
        if chunk.usage:
            usage = chunk.usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
    assert text and finish in ("stop", "length"), (text, finish)
    assert usage and usage.completion_tokens > 0
    result["stream"] += 1

    completion = client.completions.create(model="gpt-35-turbo", prompt="The tide", max_tokens=10)
    assert completion.choices[0].text
    result["completions"] += 1

    embeddings = client.embeddings.create(model="text-embedding-ada-002", input=["low", "high"])
    assert [len(item.embedding) for item in embeddings.data] == [1536, 1536]
    result["embeddings"] += 1

print(json.dumps(result))
