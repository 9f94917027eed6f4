"""Every mistake in a project file is one sentence with file, line, field and fix."""

# ruff: noqa: E501  a table reads best with one sentence per line

from __future__ import annotations

import re

import pytest

from config.base import ConfigError
from tests.config.project import TEXT, check, project

MODEL = "models.flower-classifier"
VPC, SUBNET = "vpc-0123456789abcdef0", "subnet-0123456789abcdef"
CASES = [
    # keys
    ("project: flowers\n", "", "1: project is missing: `kennel init` writes a whole file"),
    ("models:", "model:", "12: model is not a key of a project file; did you mean models?"),
    ("network: resnet18", "netwrk: resnet18", f"15: {MODEL}.netwrk is not a known key; did you mean network?"),
    ("network: resnet18", "architecture: resnet18", f"15: {MODEL}.architecture is not a known key; did you mean network?"),
    ("instance_type: ml", "instance_typ: ml", "9: environments.dev.endpoint.instance_typ is not a known key; "
     "did you mean instance_type?"),
    ("layout: classes", "layout: classes, limits: {min_imags: 3}", "11: datasets.flowers.limits.min_imags is not a known "
     "key; did you mean min_images?"),
    ("layout: classes", "labels: {a: b}", "11: datasets.flowers.layout is missing: add it"),
    ("region: eu-central-1", "models: x", "8: environments.dev cannot set models: write it at the top"),
    # texts that must be one of a list
    ("resnet18", "resnet81", f"15: {MODEL}.network is 'resnet81'; did you mean resnet18?"),
    ("preset: small", "preset: smal", "6: environments.dev.preset is 'smal'; did you mean small?"),
    ("preset: small", "monthly_budget_usd: 3", "5: environments.dev.preset is missing; choose from laptop, small, strict"),
    ("layout: classes", "layout: class", "11: datasets.flowers.layout is 'class'; did you mean classes?"),
    ("dataset: flowers", "dataset: flower", f"14: {MODEL}.dataset is 'flower'; choose from flowers"),
    ("  dev:", "  dev-1:", "5: environments.dev-1: a name must be lower case letters and digits, a letter first"),
    ("project: flowers", "project: Flowers", "1: project is 'Flowers'; it must be lower case letters, digits and single "
     "hyphens, a letter first"),
    ("flower-classifier", "Flower", "13: models.Flower.name: 'Flower' is not a model name: use lower case letters, digits "
     "and hyphens"),
    ("  flowers: {", "  Flowers_: {", "11: datasets.Flowers_.name: 'Flowers_' is not a data set name: use lower case "
     "letters, digits and hyphens"),
    ("local: {weights", "lokal: {weights", f"21: {MODEL}.on has 'lokal'; did you mean local?"),
    # values
    ('"111122223333"', "111122223333", "7: environments.dev.account is 111122223333; it must be the 12 digits of an AWS "
     "account, in quotes"),
    ('"111122223333"', '"12"', "7: environments.dev.account is '12'; it must be the 12 digits of an AWS account, in quotes"),
    ("eu-central-1", "frankfurt", "8: environments.dev.region is 'frankfurt'; it must be an AWS region such as eu-central-1"),
    ("team@example.com", "team", "2: notify: 'team' is not an e-mail address: write it like team@example.com"),
    ("team@example.com", "a@b@c", "2: notify: 'a@b@c' is not an e-mail address: write it like team@example.com"),
    ("ml.c7i.large", "c7i.large", "9: environments.dev.endpoint.instance_type: 'c7i.large' is not a SageMaker instance type; "
     "write it like ml.m5.xlarge"),
    ("instance_type: ml.c7i.large", "min_instances: many", "9: environments.dev.endpoint.min_instances is 'many'; it must be a "
     "whole number"),
    ("instance_type: ml.c7i.large", "min_instances: 0", "9: environments.dev.endpoint.min_instances is 0; it must be greater "
     "than or equal to 1"),
    ("endpoint: {instance_type: ml.c7i.large}", "endpoint:", "9: environments.dev.endpoint is empty: write a value, or leave "
     "the key out"),
    ("endpoint: {instance_type: ml.c7i.large}", "endpoint: 3", "9: environments.dev.endpoint is 3; it must be keys with values"),
    ("  local: {preset: laptop}", "  local: 3", "4: environments.local is 3; write its keys below it, further to the right"),
    ("  local: {preset: laptop}", "  local:", "4: environments.local is empty: write its keys below it, further to the right"),
    ("  local: {preset: laptop}", "  local: {}", "4: environments.local is empty: write at least one key below it"),
    ("layout: classes", "layout: classes, split: {train: 0.9}", "11: datasets.flowers.split: train + validation + test is "
     "1.200; it must be 1"),
    ("layout: classes", "layout: classes, limits: {max_pixels: 10}", "11: datasets.flowers.limits.max_pixels is 10; it must be "
     "greater than or equal to 1024"),
    # hyperparameters and searches
    ("epochs: 20", "epoch: 20", f"16: {MODEL}.hyperparameters: epoch is not a hyperparameter; did you mean epochs?"),
    ("epochs: 20", "epochs: many", f"16: {MODEL}.hyperparameters: epochs is 'many'; it must be a whole number"),
    ("epochs: 20", "labels: {a: b}", f"16: {MODEL}.hyperparameters: labels is set by the model's own data set: leave it out "
     "here"),
    ("epochs: 20", "pretrained: true", f"16: {MODEL}.hyperparameters: pretrained is set by the model's own weights: leave it "
     "out here"),
    ("{epochs: 20}", "[1]", f"16: {MODEL}.hyperparameters is [1]; it must be keys with values"),
    ("lr: {low", "lrr: {low", f"17: {MODEL}.search: space.lrr cannot be searched; did you mean lr?"),
    ("lr: {low", "warmup-epochs: {low", f"17: {MODEL}.search: space.warmup-epochs cannot be searched; did you mean head-epochs?"),
    ("low: 0.001", "low: 0.1", f"19: {MODEL}.search.space.lr: low (0.1) must be below high (0.1)"),
    ("low: 0.001", "low: -1", f"19: {MODEL}.search.space.lr: low (-1.0) must be above 0 for logarithmic scaling"),
    ("high: 0.1", "high: 99", f"17: {MODEL}.search: lr is 99.0; it must be between 1e-07 and 10.0"),
    ("scale: log", "scale: logs", f"19: {MODEL}.search.space.lr.scale is 'logs'; "),
    ("space:\n        lr: {low: 0.001, high: 0.1, scale: log}", "max_jobs: 3", f"17: {MODEL}.search.space is missing: add it"),
    # what exists already
    ("region: eu-central-1", f"network: {{vpc_id: {VPC}}}", "8: environments.dev.network: subnet_ids must be at least 2 different "
     "subnets of vpc_id, in two zones: with one, an endpoint fails as its zone fails"),
    ("region: eu-central-1", f"network: {{vpc_id: {VPC}, subnet_ids: [{SUBNET}0, {SUBNET}0]}}", "8: environments.dev.network: "
     "subnet_ids must be at least 2 different"),
    ("region: eu-central-1", f"network: {{subnet_ids: [{SUBNET}0, {SUBNET}1]}}", "8: environments.dev.network: subnet_ids is given "
     "without vpc_id: add the VPC that they belong to"),
    ("region: eu-central-1", "network: {security_group_ids: [sg-01234567]}", "8: environments.dev.network: security_group_ids is "
     "given without vpc_id: add the VPC that they belong to"),
    ("region: eu-central-1", f"network: {{vpc_id: {VPC}, subnet_ids: [{SUBNET}0, {SUBNET}1], security_group_ids: [sg-01234567, "
     "sg-01234567]}", "8: environments.dev.network: security_group_ids has one twice: name each once"),
    ("region: eu-central-1", "network: {vpc_id: vpc-1}", "8: environments.dev.network.vpc_id is 'vpc-1'; it must be the id of a "
     "VPC such as vpc-0123456789abcdef0"),
    ("region: eu-central-1", f"network: {{vpc_id: {VPC}, subnet_ids: [{SUBNET}0, sg-01234567]}}", "8: environments.dev.network."
     "subnet_ids.1 is 'sg-01234567'; it must be the id of a subnet such as subnet-0123456789abcdef0"),
    ("region: eu-central-1", f"network: {{vpc_id: {VPC}, subnet_ids: [{SUBNET}0, {SUBNET}1], flow_logs: true, zones: 2}}",
     "8: environments.dev.network: zones, flow_logs would have no effect beside vpc_id, where no network is made: leave that out"),
    ("laptop}", f"laptop, network: {{vpc_id: {VPC}, subnet_ids: [{SUBNET}0, {SUBNET}1], interface_endpoints: true}}}}",
     "4: environments.local.network: interface_endpoints would have no effect beside vpc_id"),
    ("laptop}", f"laptop, network: {{vpc_id: {VPC}, subnet_ids: [{SUBNET}0, {SUBNET}1]}}}}", None),
    ("preset: small", "preset: small\n    notify: [arn:aws:sns:us-east-1:111122223333:x]", "7: environments.dev.notify has a topic in us-east-1, and an alarm in "
     "eu-central-1 publishes to its own region only: give the environment a notify of its own, with a topic in eu-central-1"),
    ("preset: small", "preset: small\n    notify: [arn:aws:sns:eu-central-1:444455556666:x]", "7: environments.dev.notify has a topic of account 444455556666, and a "
     "budget of 111122223333 publishes to its own account only: "),
    ("preset: small", 'preset: small\n    notify: ["arn:aws:sns:eu-central-1:111122223333:x", a@b.com]', "7: environments.dev.notify: "
     "'arn:aws:sns:eu-central-1:111122223333:x' must stand alone: subscribe the others to this topic, or leave it out"),
    ("[team@example.com]", "[arn:aws:sns:eu-central-1:111122223333:x.fifo]", "2: notify: 'arn:aws:sns:eu-central-1:111122223333:"
     "x.fifo' is a FIFO topic, whose messages need a group id that nothing here sends: name a standard topic"),
    ("[team@example.com]", "[arn:aws:sqs:eu-central-1:111122223333:x]", "2: notify: 'arn:aws:sqs:eu-central-1:111122223333:x' is "
     "not a topic: write it like arn:aws:sns:eu-central-1:111122223333:alarms"),
    ("preset: small", "preset: small\n    notify: [arn:aws:sns:eu-central-1:111122223333:x]", None),
    # parts that must fit each other
    ("ml.c7i.large", "ml.g5.xlarge", "9: environments.dev.endpoint: instance_type ml.g5.xlarge has a GPU, and multi-model "
     "endpoints on GPUs need Triton: choose a CPU type such as ml.c7i.xlarge"),
    ("instance_type: ml.c7i.large", "min_instances: 4", "9: environments.dev.endpoint: max_instances (2) is below "
     "min_instances (4)"),
    ("instance_type: ml.c7i.large", "rollout: {kind: canary}", "9: environments.dev.endpoint: rollout.kind canary needs "
     "min_instances of at least 2: with one instance the canary would be the whole fleet; set rollout.kind to all_at_once or "
     "min_instances to 2"),
    ("instance_type: ml.c7i.large", "data_capture: true", "9: environments.dev.endpoint: data_capture is not available for a "
     "multi-model endpoint: set it to false"),
    ("network: resnet18", "network: resnet18\n    precision: bf16", f"16: {MODEL}.precision is bf16, which ml.m5.large only "
     "emulates: choose fp32 or int8, or an endpoint.instance_type such as ml.c7i.xlarge"),
    ("network: resnet18", "network: simple_cnn\n    weights: imagenet", f"13: {MODEL}: weights: there are no pretrained "
     "weights of simple_cnn; set weights to none"),
    ("laptop}", "laptop, region: eu-west-1}", "4: environments.local.region is eu-west-1, and the local cloud has only "
     "us-east-1: leave region out"),
    ("laptop}", 'laptop, account: "111122223333"}', "4: environments.local.account is 111122223333, and the local cloud has "
     "only 123456789012: leave account out"),
    ("laptop}", "laptop, images: {source: docker, jobs_uri: null, serving_uri: null, training_uri: null}}",
     "4: environments.local.images.source is docker, and the local cloud does not run containers: set it to uri or codebuild"),
    ("laptop}", "laptop, pipeline: {sagemaker_debugger: rules}}", "4: environments.local.pipeline.sagemaker_debugger is rules, "
     "and the local cloud does not emulate SageMaker Debugger: set it to off; "),
    ("region: eu-central-1", "region: il-central-1\n    pipeline: {sagemaker_debugger: rules}", "9: environments.dev.pipeline."
     "sagemaker_debugger is rules, and SageMaker Debugger has no rules in il-central-1: set it to off, or choose"),
    ("region: eu-central-1", "images: {source: uri}", "8: environments.dev.images: jobs_uri is missing: source `uri` takes "
     "given images"),
    ("region: eu-central-1", "images: {jobs_uri: x}", "8: environments.dev.images: jobs_uri is given, but source is codebuild: "
     "set source to uri or leave jobs_uri out"),
    ("region: eu-central-1", "spot: {max_wait_seconds: 60}", "8: environments.dev.spot.max_wait_seconds (60) is below "
     "training.max_runtime_seconds (14400): a spot job must be allowed to wait as long as it may run"),
    ("region: eu-central-1", "evaluation: {instance_count: 2}", "8: environments.dev.evaluation.instance_count (2) must be 1: "
     "one instance scores a model"),
    ("region: eu-central-1", "preparation: {instance_type: ml.g5.xlarge}", "8: environments.dev.preparation.instance_type is "
     "ml.g5.xlarge, and the jobs image has no CUDA: choose a CPU type such as ml.m5.xlarge"),
    ("region: eu-central-1", "training: {fallback_instance_types: [ml.p3.2xlarge]}", "8: environments.dev.training: "
     "fallback_instance_types has ml.p3.2xlarge, whose local storage differs from ml.g5.xlarge: choose types that both have "
     "local disks or both have none"),
    ("region: eu-central-1", "training: {fallback_instance_types: [ml.m5d.xlarge]}", "8: environments.dev.training: "
     "fallback_instance_types has ml.m5d.xlarge, but ml.g5.xlarge is of the other kind (GPU or CPU)"),
    ("region: eu-central-1", "pipeline: {default_models: [roses]}", "8: environments.dev.pipeline.default_models has 'roses'; "
     "choose from flower-classifier"),
    ("region: eu-central-1", "pipeline: {publish: {approval: true}}", "8: environments.dev.pipeline.publish: approval by a "
     "person is not available: set it to false"),
    ("preset: small", "preset: strict\n    storage: {retain: false}", "7: environments.dev.storage.retain must be true with "
     "preset strict: choose preset small to turn it off"),
    ("preset: small", "preset: strict\n    pipeline: {isolate: false}", "7: environments.dev.pipeline.isolate must be true with "
     "preset strict: choose preset small to turn it off"),
    ("endpoint: {instance", "endpoint: {isolate: false, instance", None),
    ("preset: small", "preset: strict\n    pipeline: {publish: {stable_key: true}}", "7: environments.dev.pipeline.publish."
     "stable_key must be false with preset strict: an endpoint may serve a stale copy of an overwritten key"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "sentence"), CASES)
def test_a_mistake_is_one_sentence_with_line_field_and_fix(old: str, new: str, sentence: str | None) -> None:
    if sentence is None:
        check((old, new))
        return
    with pytest.raises(ConfigError) as raised:
        check((old, new))
    lines = str(raised.value).splitlines()
    assert any(line.startswith(f"kennel.yaml:{sentence}") for line in lines), str(raised.value)
    # A missing key may bring its unknown twin; nothing else is added.
    assert len(lines) <= 2 and all(re.match(r"kennel\.yaml:\d+: \S", line) for line in lines)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"endpoint": "{isolate: false}"}, "endpoint.isolate must be true with preset strict"),
        (
            {"endpoint": "{min_instances: 1, rollout: {kind: all_at_once}}"},
            "endpoint.min_instances (1) must be at least 2",
        ),
    ],
)
def test_a_strict_environment_keeps_its_controls(change: dict[str, str], sentence: str) -> None:
    [(key, value)] = change.items()
    strict = ("preset: small", "preset: strict")
    with pytest.raises(ConfigError, match=re.escape(f"kennel.yaml:9: environments.dev.{sentence}")):
        check(strict, ("endpoint: {instance_type: ml.c7i.large}", f"{key}: {value}"))


TRAPS = [
    ("epochs: 20", "epochs: no", "no", 'write true or false, or "no" for the word'),
    ("laptop}", "laptop, spot: {enabled: yes}}", "yes", 'write true or false, or "yes" for the word'),
    ('"111122223333"', "011122223333", "011122223333", 'write "011122223333", in quotes'),
    ("epochs: 20", "epochs: 0x10", "0x10", 'write "0x10", in quotes'),
    ("epochs: 20", "epochs: 1_000", "1_000", "write 1000"),
    ("epochs: 20", "epochs: 1:30", "1:30", 'write "1:30", in quotes'),
]


@pytest.mark.parametrize(("old", "new", "word", "fix"), TRAPS)
def test_what_yaml_readers_understand_differently_is_refused(old: str, new: str, word: str, fix: str) -> None:
    with pytest.raises(ConfigError) as raised:
        check((old, new))
    assert str(raised.value).endswith(f" is {word}, which YAML readers understand differently: {fix}")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "kennel.yaml is empty: write one with `kennel init`"),
        ("- a\n", "kennel.yaml:1: the file must begin with keys such as `project: flowers`"),
        ("project: [\n", "kennel.yaml:2: this is not YAML: "),
        ("project: a\n---\nproject: b\n", "kennel.yaml:2: this is not YAML: "),
        ("project: a\nproject: b\n", "kennel.yaml:2: project stands twice, first in line 1: keep one"),
        ("a: &x\n  b: *x\n", "kennel.yaml:1: a.b refers to itself"),
        ("a: {<<: {b: 1}}\n", "kennel.yaml:1: a has the key `<<`, which is not supported: write the values out"),
        ("a: !!python/name:os.system x\n", "kennel.yaml:1: a has the tag "),
        ("? [a]\n: b\n", "kennel.yaml:1: the file has a key that is not one word: write a text"),
    ],
)
def test_what_is_not_a_project_file_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as raised:
        project(text=text)
    assert str(raised.value).startswith(sentence)


def test_every_finding_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        check(("layout: classes", "layout: class"), ("resnet18", "resnet81"))
    assert [line.split(":")[1] for line in str(raised.value).splitlines()] == ["11", "15"]


def test_the_file_itself_is_sound() -> None:
    check(text=TEXT)
