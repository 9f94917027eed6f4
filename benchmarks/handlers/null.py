"""A handler that does nothing, for multi-model-server and TorchServe alike: what is left is the server."""


def handle(data, context):  # type: ignore[no-untyped-def]
    return ["[0.5, 0.5]"] * len(data) if data else None
