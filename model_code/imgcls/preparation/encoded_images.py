"""The training images that the inspection encoded, read back from the parts."""

from __future__ import annotations

import os

from imgcls.contract.dataset import DatasetError
from imgcls.preparation.catalogue import Catalogue


class EncodedImages:
    """Keeps the parts' files open; a context manager."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._files = [os.open(part, os.O_RDONLY) for part in catalogue.parts]

    def read(self, index: int) -> bytes:
        """The bytes that training reads. Raises DatasetError for a part that was cut short."""
        record = self._catalogue.records[index]
        size = int(record["packed"])
        if not size:
            return (self._catalogue.folder / self._catalogue.path(index)).read_bytes()
        data = os.pread(self._files[record["part"]], size, int(record["offset"]))
        if len(data) != size:
            raise DatasetError(f"{self._catalogue.parts[record['part']]} is cut short: prepare again")
        return data

    def __enter__(self) -> EncodedImages:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            os.close(file)
