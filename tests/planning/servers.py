"""Loopback servers that stand for a model's: scripted replies and faults, on the real wire."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Script:
    """What a server answers, in order (the last again and again), and what it was asked."""

    def __init__(self, *answers):
        self.answers, self.requests, self.headers = list(answers), [], []

    def next(self):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def serving(script):
    """Base URL of a server that plays the script: each answer is (status, body, extra headers),
    a body to send with 200, or "hang", "drop", "junk"."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):  # noqa: N802
            length = int(self.headers.get("Content-Length", 0))
            script.requests.append(json.loads(self.rfile.read(length)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            script.headers.append(headers | {"path": self.path})
            answer = script.next()
            if answer == "hang":
                time.sleep(3)
                return
            if answer == "drop":
                self.connection.close()
                return
            status, body, more = answer if isinstance(answer, tuple) else (200, answer, {})
            data = b"<html>not json" if body == "junk" else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            for name, value in more.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


def chat(text, finish="stop", model="tiny-audio"):
    """A reply of an OpenAI-compatible server."""
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [
            {
                "index": 0,
                "finish_reason": finish,
                "message": {"role": "assistant", "content": text},
            }
        ],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200},
    }


def called(arguments, model="tiny-audio"):
    """A reply of an OpenAI-compatible server that calls the tool it was given."""
    reply = chat(None, "tool_calls", model)
    call = {"id": "c", "type": "function"}
    call["function"] = {"name": "layout", "arguments": arguments}
    reply["choices"][0]["message"]["tool_calls"] = [call]
    return reply


def said(text, stop="end_turn", thoughts=True):
    """A reply of Claude: what it thinks comes first."""
    blocks = [{"type": "thinking", "thinking": "a car", "signature": "s"}] if thoughts else []
    if text is not None:
        blocks.append({"type": "text", "text": text})
    usage = {"input_tokens": 800, "output_tokens": 300}
    usage["output_tokens_details"] = {"thinking_tokens": 120}
    return {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "tiny-claude",
        "content": blocks,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": usage,
    }


def refused(words, status=400):
    """A request that a service can't use as it stands."""
    error = {"message": words, "code": status, "status": "INVALID_ARGUMENT", "type": "invalid"}
    return status, {"type": "error", "error": error}, {}


def generated(text, finish="STOP", thoughts=0):
    """A reply of Gemini; thoughts are not within the candidates' tokens."""
    candidate = {"finishReason": finish, "index": 0}
    if text is not None:
        candidate["content"] = {"role": "model", "parts": [{"text": text}]}
    usage = {"promptTokenCount": 900, "candidatesTokenCount": 100}
    if thoughts:
        usage["thoughtsTokenCount"] = thoughts
    return {"candidates": [candidate], "usageMetadata": usage}
