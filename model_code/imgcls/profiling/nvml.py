"""A GPU's utilization from NVML, the library of the driver.

AWS's training image has no Python binding of it (`torch.cuda.utilization` needs one), and a job can install nothing.
Three functions are needed, of an interface that drivers keep compatible; torch itself calls NVML like this to count
devices.
"""

from __future__ import annotations

import ctypes

LIBRARY = "libnvidia-ml.so.1"


class NvmlError(RuntimeError):
    """NVML is not there or refuses; the message says which function and why."""


class _Utilization(ctypes.Structure):
    """nvmlUtilization_t: percent of the last sampling period in which a kernel ran, or memory was accessed."""

    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


class Nvml:
    """One GPU. https://docs.nvidia.com/deploy/nvml-api/group__nvmlDeviceQueries.html"""

    def __init__(self, uuid: str) -> None:
        """`uuid` as `nvidia-smi -L` prints it: CUDA's device numbers are not NVML's. Raises NvmlError."""
        try:
            self._library = ctypes.CDLL(LIBRARY)
        except OSError as error:
            raise NvmlError(str(error)) from None
        self._library.nvmlErrorString.restype = ctypes.c_char_p
        self._device = ctypes.c_void_p()
        self._call("nvmlInit_v2")
        self._call("nvmlDeviceGetHandleByUUID", ctypes.c_char_p(uuid.encode()), ctypes.byref(self._device))

    def utilization(self) -> int:
        """Percent of the time in which the GPU computed. Raises NvmlError."""
        used = _Utilization()
        self._call("nvmlDeviceGetUtilizationRates", self._device, ctypes.byref(used))
        return int(used.gpu)

    def _call(self, name: str, *arguments: object) -> None:
        if status := getattr(self._library, name)(*arguments):
            raise NvmlError(f"{name}: {self._library.nvmlErrorString(status).decode()}")
