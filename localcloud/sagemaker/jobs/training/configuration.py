"""The files by which the service tells a training container what it is to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.sagemaker.jobs.opt_ml import OptMl

# The toolkit waits until every host's name resolves, and the service's "algo-1" does on no other machine.
HOST = "localhost"


def write_configuration(opt_ml: OptMl, request: Mapping[str, Any]) -> None:
    """The folders of /opt/ml and its input/config/*.json."""
    for folder in ("model", "output/data", "output/intermediate", "code"):
        (opt_ml.base / folder).mkdir(parents=True, exist_ok=True)
    opt_ml.write_json("input/config/resourceconfig.json", _resource_config(request))
    opt_ml.write_json("input/config/hyperparameters.json", opt_ml.localized(request.get("HyperParameters", {})))
    opt_ml.write_json("input/config/inputdataconfig.json", _input_data_config(request))


def _resource_config(request: Mapping[str, Any]) -> dict[str, Any]:
    instance_type = request["ResourceConfig"]["InstanceType"]
    group = {"instance_group_name": "homogeneousCluster", "instance_type": instance_type, "hosts": [HOST]}
    return {
        "current_host": HOST,
        "current_instance_type": instance_type,
        "current_group_name": group["instance_group_name"],
        "hosts": [HOST],
        "instance_groups": [group],
        "network_interface_name": "lo",
    }


def _input_data_config(request: Mapping[str, Any]) -> dict[str, Any]:
    default_mode = request["AlgorithmSpecification"]["TrainingInputMode"]
    channels = {}
    for channel in request.get("InputDataConfig", []):
        source = channel["DataSource"]["S3DataSource"]
        channels[channel["ChannelName"]] = {
            "TrainingInputMode": channel.get("InputMode", default_mode),
            "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
            "RecordWrapperType": "None",
            **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
        }
    return channels
