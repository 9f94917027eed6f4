"""A miniature multi-model container that follows the contract and fails on demand. Run as a script.

A model is a folder with model.json: {"answer", "load_seconds", "load_status", "invoke_seconds", "status", "attributes",
"die"}.
MAX_MODELS: the memory, in models.  FAIL_START: exit before serving.  VERSION: appears in every answer.
"""

import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MODELS = {}
LOCK = threading.Lock()
MULTI = os.environ.get("SAGEMAKER_MULTI_MODEL") == "true"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        """Log nothing, as the tests look at what this container logs."""

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, status, content=b"", **headers):
        content = json.dumps(content).encode() if isinstance(content, dict) else content
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self):
        if self.path == "/ping":
            return self.answer(200)
        return self.answer(200, {"models": [{"modelName": name} for name in MODELS]})

    def do_DELETE(self):
        with LOCK:
            known = MODELS.pop(self.path.rpartition("/")[2], None)
        self.answer(200 if known else 404)

    def do_POST(self):
        body = self.body()
        if self.path == "/models":
            return self.load(json.loads(body))
        if self.path == "/invocations":
            return self.invoke(read(Path(os.environ["SM_MODEL_DIR"])), body)
        model = MODELS.get(self.path.split("/")[2])
        return self.answer(404) if model is None else self.invoke(model, body)

    def load(self, request):
        model = read(Path(request["url"]))
        time.sleep(model.get("load_seconds", 0))
        if "load_status" in model:
            return self.answer(model["load_status"], b"cannot load this")
        with LOCK:
            if request["model_name"] in MODELS:
                return self.answer(409)
            if len(MODELS) >= int(os.environ.get("MAX_MODELS", "100")):
                return self.answer(507)
            MODELS[request["model_name"]] = model
        print("loaded", model.get("answer"), flush=True)
        return self.answer(200)

    def invoke(self, model, body):
        if model.get("die"):
            os._exit(3)
        time.sleep(model.get("invoke_seconds", 0))
        seen = {name: value for name, value in self.headers.items() if name.startswith("X-Amzn-SageMaker")}
        content = {"answer": model.get("answer"), "bytes": len(body), "type": self.headers["Content-Type"],
                   "accept": self.headers["Accept"], "seen": seen, "port": int(os.environ["SAGEMAKER_BIND_TO_PORT"]),
                   "version": os.environ.get("VERSION")}  # fmt: skip
        self.answer(
            model.get("status", 200),
            content,
            Content_Type="application/json",
            X_Amzn_SageMaker_Custom_Attributes=model.get("attributes", "from-the-model"),
            X_Model_Version="the caller of an endpoint never sees this",
        )


def read(folder):
    return json.loads((folder / "model.json").read_text())


if __name__ == "__main__":
    if os.environ.get("FAIL_START"):
        raise SystemExit("no such accelerator")
    print("serving", "many models" if MULTI else "one model", flush=True)
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler)
    server.serve_forever()
