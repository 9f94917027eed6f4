"""moto as the keeper of records: its settings, its WSGI application, its reset."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def moto_application() -> Callable[..., Iterable[bytes]]:
    """moto's server application, set to run state machines and to use no Docker."""
    from moto.core.config import default_user_config
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    default_user_config["lambda"] = {"use_docker": False}
    default_user_config["batch"] = {"use_docker": False}
    return DomainDispatcherApplication(create_backend_app)


def reset_moto() -> None:
    """Forget every record of every service that was used."""
    from moto.core.base_backend import BackendDict  # noqa: F401
    from moto.moto_api._internal.models import moto_api_backend

    moto_api_backend.reset()
