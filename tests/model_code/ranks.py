"""Several processes of train.py that form one group, forked from one that has imported torch to save time."""

import multiprocessing
import os
import signal
import socket
import sys

from imgcls.training.trainer import Trainer

_PROCESSES = multiprocessing.get_context("forkserver")


def start(folder, num, arguments, *, terminate=None):
    """The processes of `num` ranks. `terminate` is (rank, step): this rank gets SIGTERM in that step."""
    # The same module as for killed_training: pytest has one fork server for both.
    _PROCESSES.set_forkserver_preload(["tests.reliability.killed_training"])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = {"WORLD_SIZE": str(num), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
    processes = []
    for rank in range(num):
        environment = {**place, "RANK": str(rank), "LOCAL_RANK": str(rank), "TRAINING_JOB_NAME": "job"}
        step = terminate[1] if terminate and terminate[0] == rank else None
        processes.append(_PROCESSES.Process(target=_run, args=(folder / f"log-{rank}", arguments, environment, step)))
        processes[-1].start()
    return processes


def run(folder, num, arguments, **options):
    """The exit codes by rank."""
    processes = start(folder, num, arguments, **options)
    for process in processes:
        process.join(60)
        process.kill()
    return [process.exitcode for process in processes]


def _run(log, arguments, environment, terminate_in_step):
    import train as script

    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.environ.update(environment)  # where torch.distributed looks
    if terminate_in_step:
        update = Trainer._update

        def terminated(self):
            if self.step == terminate_in_step:
                os.kill(os.getpid(), signal.SIGTERM)
            update(self)

        Trainer._update = terminated
    sys.exit(script.main(arguments, environment))
