"""A miniature single-model container whose behaviour depends on the body of a request. Run as a script."""

import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ENVIRONMENT = {name: value for name, value in os.environ.items() if name.startswith(("SAGEMAKER_", "AWS_", "FLAVOUR"))}
FAILED = set()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, value=None):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/execution-parameters" and "MODEST" in os.environ:
            return self.answer(200, {"MaxConcurrentTransforms": 3, "MaxPayloadInMB": 1})
        return self.answer(200 if self.path == "/ping" else 404)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if body.startswith("bad"):
            return self.answer(400, {"message": "no such breed"})
        if body.startswith("boom") or (body.startswith("flaky") and body not in FAILED):
            FAILED.add(body)
            return self.answer(500, {"message": "out of dogs"})
        if body.startswith("slow"):
            time.sleep(30)
        model = Path(os.environ["SM_MODEL_DIR"], "answer.txt").read_text()
        headers = [self.headers["Content-Type"], self.headers["Accept"]]
        return self.answer(200, {"said": body[:20], "model": model, "headers": headers, "environment": ENVIRONMENT})


if __name__ == "__main__":
    if "FAIL_START" in os.environ:
        raise SystemExit("no such accelerator")
    print("serving one model", flush=True)
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
