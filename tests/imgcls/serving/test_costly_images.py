"""Images that cost as much as is allowed, or would cost more, through a running server."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from server_process import ServerProcess
from tiny_artifact import picture

from tests.attack.image_seeds import jpeg, tiff, webp


def test_others_are_answered_meanwhile(tmp_path: Path, colours: Path) -> None:
    """Two callers send what costs most, a third asks for small pictures: nobody waits for more than a few of those."""
    costly = [tiff.make(tiff.SEEDS[3]), jpeg.make(jpeg.SEEDS[5]), jpeg.make(jpeg.SEEDS[1]), webp.make(webp.SEEDS[6])]
    done = threading.Event()
    statuses: list[int] = []
    with ServerProcess(tmp_path / "log", KENNEL_THREADS="3") as server:
        server.load("colours", colours)

        def attack() -> None:
            while not done.is_set():
                for data in costly:
                    statuses.append(server.predict("colours", data, content_type="application/x-image").status)

        attackers = [threading.Thread(target=attack) for _ in range(2)]
        for attacker in attackers:
            attacker.start()
        waits = []
        for _ in range(60):
            start = time.monotonic()
            assert server.predict("colours", picture("red")).json["label"] == "red"
            waits.append(time.monotonic() - start)
        done.set()
        for attacker in attackers:
            attacker.join()
    waits.sort()
    print(
        f"{len(statuses)} costly images meanwhile; half of the others waited {waits[30]:.3f} s, one {waits[-1]:.3f} s"
    )
    assert set(statuses) <= {200, 400, 413}
    assert waits[30] < 0.5 and waits[-1] < 3
