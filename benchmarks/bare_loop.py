"""Preprocess and engine alone, on as many threads as there are cores: what a server could reach if it cost nothing.

`python -m benchmarks.bare_loop IMAGES_FILE SECONDS ARTIFACT ...` prints images per second over all artifacts in turn.
"""

from __future__ import annotations

import itertools
import pickle
import sys
import threading
import time
from pathlib import Path

from imgcls.contract.artifact import read_card
from imgcls.runtime.cores import num_cores
from imgcls.serving.engine import OpenVinoEngine
from imgcls.serving.model import Images, Model


def main(images_file: str, seconds: str, *folders: str) -> None:
    images = pickle.loads(Path(images_file).read_bytes())
    cards = [read_card(Path(folder)) for folder in folders]
    models = [Model(card, OpenVinoEngine(Path(f), card), 10**9) for card, f in zip(cards, folders, strict=True)]
    for model in models:
        model.predict(Images(images[:1]))
    counts: list[int] = []
    start = time.perf_counter()
    stop = start + float(seconds)

    def work(first: int) -> None:
        for number in itertools.count(first):
            if time.perf_counter() > stop:
                counts.append(number - first)
                return
            models[number % len(models)].predict(Images((images[number % len(images)],)))

    threads = [threading.Thread(target=work, args=(number * 7,)) for number in range(num_cores())]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sum(counts) / (time.perf_counter() - start))


if __name__ == "__main__":
    main(*sys.argv[1:])
