"""Writes the configuration files that tell a training container what to do."""

from __future__ import annotations

from localcloud.sagemaker.jobs.hosts import Host
from localcloud.sagemaker.jobs.training.request import TrainingRequest
from localcloud.sagemaker.jobs.training.torchrun import TORCHRUN, wants_torchrun


def host_name(host: Host) -> str:
    """The name by which other hosts reach this one; it must resolve, or the toolkit waits. Here "algo-1" does not."""
    return "localhost" if host.count == 1 else f"127.0.0.{host.index + 1}"


def write_configuration(host: Host, request: TrainingRequest) -> None:
    """Create the folders of /opt/ml and input/config/*.json."""
    opt_ml = host.opt_ml
    for folder in ("model", "output/data", "output/intermediate", "code"):
        (opt_ml.base / folder).mkdir(parents=True, exist_ok=True)
    opt_ml.write_json("input/config/resourceconfig.json", _resource_config(host, request))
    opt_ml.write_json("input/config/hyperparameters.json", opt_ml.local_variables(request.get("HyperParameters", {})))
    opt_ml.write_json("input/config/inputdataconfig.json", _input_data_config(request))
    if wants_torchrun(request):
        opt_ml.write_program("torchrun", TORCHRUN)


def _resource_config(host: Host, request: TrainingRequest) -> dict[str, object]:
    instance_type = request["ResourceConfig"]["InstanceType"]
    names = [host_name(Host(index, host.count, host.opt_ml)) for index in range(host.count)]
    group = {"instance_group_name": "homogeneousCluster", "instance_type": instance_type, "hosts": names}
    return {
        "current_host": host_name(host),
        "current_instance_type": instance_type,
        "current_group_name": group["instance_group_name"],
        "hosts": names,
        "instance_groups": [group],
        "network_interface_name": "lo",
    }


def _input_data_config(request: TrainingRequest) -> dict[str, object]:
    default_mode = request["AlgorithmSpecification"]["TrainingInputMode"]
    channels: dict[str, object] = {}
    for channel in request.get("InputDataConfig", []):
        source = channel["DataSource"]["S3DataSource"]
        channels[channel["ChannelName"]] = {
            "TrainingInputMode": channel.get("InputMode", default_mode),
            "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
            "RecordWrapperType": "None",
            **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
        }
    return channels
