"""SIGTERM and Ctrl-C as a request: training ends after the current step, with a checkpoint.

SageMaker sends SIGTERM 120 seconds before it ends a stopped or reclaimed job, but to the container's first process,
and AWS's toolkit does not pass it on (sagemaker-training-toolkit issues 125 and 173): there only the checkpoints by the
clock help. torchrun, the local cloud and a shell do reach this process.
"""

from __future__ import annotations

import signal
from types import FrameType, TracebackType

from imgcls.runtime import distributed

_AGREE_EVERY_STEPS = 8
"""Asking all processes costs a round trip, and eight steps are a small part of 120 seconds."""
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Interrupted(Exception):
    """Training ended because a signal asked for it. `exit_code` follows the shell's convention: 143 for SIGTERM."""

    def __init__(self, number: int, step: int, *, saved: bool) -> None:
        kept = "a checkpoint is saved: the same command resumes from it" if saved else "there is no checkpoint folder"
        super().__init__(f"ended by {signal.Signals(number).name} after step {step}; {kept}")
        self.exit_code = 128 + number


class Interruption:
    """Remembers the first signal that arrives while its block runs. A second Ctrl-C ends the program at once.

    A second SIGTERM does not: torchrun sends one of its own after the one that its whole process group received.
    """

    def __init__(self) -> None:
        self._number = 0
        self._before: dict[int, signal.Handlers] = {}

    def __enter__(self) -> Interruption:
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._note)  # type: ignore[assignment]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def requested(self, step: int) -> int:
        """The signal that any of the processes received, or 0. All of them must ask after the same steps."""
        if distributed.world_size() > 1 and step % _AGREE_EVERY_STEPS:
            return 0
        return distributed.largest(self._number)

    def tell(self, line: str) -> None:
        """Print. The same signal may have ended the reader of the output, which must not prevent the checkpoint."""
        try:
            print(line, flush=True)
        except BrokenPipeError:
            if not self._number:
                raise

    def _note(self, number: int, _: FrameType | None) -> None:
        self._number = self._number or number
        signal.signal(signal.SIGINT, self._before[signal.SIGINT])
