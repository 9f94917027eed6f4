"""The plan of a run that publishes a version of another environment: nothing is trained, its archive is in the bucket.

`{"promote": {"model", "digest", "sha256", "unmeasured"?, "replace_labels"?}}`. The files are where a run of this
execution would have left them: `kennel models promote` puts them there. `digest` is the SHA-256 of promotion.json,
which lists that of every other file; `sha256` is the archive's, which StageArtifact compares.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from imgcls.contract import evaluation, keys, promotion
from imgcls.contract.artifact import Preprocessing, label_of
from imgcls.contract.evaluation import GOLDEN_FILE, GOLDEN_FOLDER, Evaluation, parse_golden
from imgcls.contract.promotion import Promotion
from imgcls.contract.run_plan import ModelReference
from lambdas.common import s3
from lambdas.common.errors import Refused
from lambdas.plan_run import comparison, lookups, request
from lambdas.plan_run.plan import without_jobs

FIELD = "promote"
_FIELDS = ("model", "digest", "sha256", "unmeasured", "replace_labels")
_DIGESTS = {"digest": promotion.FILE, "sha256": "the archive"}


@dataclass(frozen=True)
class Wanted:
    """`unmeasured`: publish without a comparison with what is published. `replace_labels`: it may have other labels."""

    model: str
    digest: str
    sha256: str
    unmeasured: bool = False
    replace_labels: bool = False


def is_asked_for(value: Any) -> bool:
    """Whether an execution's input has the field, whatever else it has."""
    return isinstance(value, Mapping) and FIELD in value


def plan(value: Mapping[str, Any], execution: str, bucket: str, specs: Mapping[str, Any]) -> dict[str, Any]:
    """PlanRun's answer. Writes the evaluation anew, compared with what is published here. Raises Refused."""
    request.check_name(execution)
    wanted = _wanted(value)
    prefix = keys.run(execution, wanted.model)
    found = _read(bucket, prefix, wanted)
    require_fitting(found, specs)
    alias = lookups.published(bucket, [wanted.model]).get(wanted.model)
    scored = Evaluation.from_dict(json.loads(_unchanged(bucket, prefix, evaluation.FILE, found)))
    _require_golden(bucket, prefix, found)
    if (scored.version, scored.manifest_id) != (found.version, found.manifest_id):
        raise Refused(f"{evaluation.FILE} is about another version than {promotion.FILE}: take the version again")
    compared = comparison.compared(
        scored,
        comparison.read_published(bucket, alias),
        model=wanted.model,
        unmeasured=wanted.unmeasured,
        replace_labels=wanted.replace_labels,
    )
    s3.write_json(bucket, prefix + evaluation.FILE, compared.to_dict())
    run_uri, spec = keys.uri(bucket, prefix), specs["models"][wanted.model]
    made = document(found, run_uri, spec["package_group"], alias.current if alias else "")
    s3.write_json(bucket, keys.model_plan(execution, wanted.model), made)
    reference = ModelReference(wanted.model, run_uri, keys.model_plan(execution, wanted.model))
    return without_jobs(execution, [reference], max_concurrency=1, promote=True)


def require_fitting(found: Promotion, specs: Mapping[str, Any]) -> None:
    """Raises Refused unless the environment has the model with the same network, pixels, answers and label names."""
    if found.model not in specs["models"]:
        raise Refused(
            f"{found.model} is not a model of {specs['environment']}, which has {', '.join(specs['models'])}: add it "
            "to kennel.yaml and deploy"
        )
    spec = specs["models"][found.model]
    pixels = Preprocessing.from_dict(spec["preprocessing"]).to_dict()
    serving = spec["serving"]
    # A precision that cost too much accuracy was not kept: what is configured, or fp32.
    precision = found.precision if found.precision == "fp32" else serving["precision"]
    differences = [
        ("the network", found.architecture, spec["architecture"]),
        *((f"image {name}", found.preprocessing.get(name), pixels[name]) for name in pixels),
        ("the answer", found.response_format, serving["response_format"]),
        ("the precision", found.precision, precision),
    ]
    for name, brought, configured in differences:
        if brought != configured:
            raise Refused(
                f"{found.model} has {name} {brought}, and {specs['environment']} configures {configured}: "
                "make them equal in kennel.yaml, deploy, and promote again"
            )
    renames = specs["datasets"].get(spec["dataset"], {}).get("labels", {})
    for label in found.labels:
        if label_of(label, renames) != label:
            raise Refused(
                f"{found.model} has the label {label}, and {specs['environment']} renames it to "
                f"{label_of(label, renames)}: make the labels of {spec['dataset']} equal in kennel.yaml, deploy, and "
                "promote again"
            )


def _wanted(value: Mapping[str, Any]) -> Wanted:
    """Raises Refused naming the field."""
    others = sorted(set(value) - {FIELD})
    if others:
        raise Refused(f"{others[0]} has no effect, because {FIELD} is given and nothing is trained: leave one out")
    given = value[FIELD]
    if not isinstance(given, dict) or not set(given) <= set(_FIELDS):
        raise Refused(f"{FIELD} is {given!r}; it must be an object of {', '.join(_FIELDS)}")
    model = given.get("model")
    if not isinstance(model, str) or not keys.NAME.fullmatch(model):
        raise Refused(f"{FIELD}.model is {model!r}; it must be the name of a model")
    for name, file in _DIGESTS.items():
        digest = given.get(name)
        if not isinstance(digest, str) or not promotion.DIGEST.fullmatch(digest):
            raise Refused(f"{FIELD}.{name} is {digest!r}; it must be the 64 hex digits of the SHA-256 of {file}")
    for name in ("unmeasured", "replace_labels"):
        if not isinstance(given.get(name, False), bool):
            raise Refused(f"{FIELD}.{name} is {given[name]!r}; it must be true or false")
    return Wanted(**given)


def _read(bucket: str, prefix: str, wanted: Wanted) -> Promotion:
    content = s3.read(bucket, prefix + promotion.FILE)
    if content is None:
        raise Refused(
            f"{keys.uri(bucket, prefix + promotion.FILE)} does not exist: start the run with `kennel models promote`"
        )
    actual = hashlib.sha256(content[0]).hexdigest()
    if actual != wanted.digest:
        raise Refused(
            f"{promotion.FILE} has the SHA-256 {actual}, not {wanted.digest}, which was to be promoted: promote it "
            "again"
        )
    try:
        found = Promotion.from_dict(json.loads(content[0]))
    except ValueError as error:
        raise Refused(str(error)) from None
    if (found.model, found.sha256) != (wanted.model, wanted.sha256):
        raise Refused(
            f"{promotion.FILE} is about {found.model} with the SHA-256 {found.sha256}, not about {wanted.model} with "
            f"{wanted.sha256}: promote the version that was taken"
        )
    return found


def _unchanged(bucket: str, prefix: str, name: str, found: Promotion) -> bytes:
    """The content of a file. Raises Refused unless promotion.json lists it as it is."""
    key = prefix + (promotion.EVALUATION if name == evaluation.FILE else name)
    content = s3.read(bucket, key)
    if content is None or hashlib.sha256(content[0]).hexdigest() != found.files.get(name):
        raise Refused(f"{keys.uri(bucket, key)} is not the {name} that {promotion.FILE} lists: promote it again")
    return content[0]


def _require_golden(bucket: str, prefix: str, found: Promotion) -> None:
    """Raises Refused unless SmokeTest would send the images, and expect the answers, that were taken."""
    expected = _unchanged(bucket, prefix, GOLDEN_FOLDER + GOLDEN_FILE, found)
    for golden in parse_golden(expected.decode()):
        _unchanged(bucket, prefix, GOLDEN_FOLDER + golden.file, found)


def document(found: Promotion, run_uri: str, package_group: str, compared_with: str) -> dict[str, Any]:
    """What the model's flow reads in place of a ModelPlan."""
    return {
        "promoted": {
            "name": found.model,
            "version": found.version,
            "run_uri": run_uri,
            "package_group": package_group,
            "dataset": found.dataset,
            "manifest_id": found.manifest_id,
            "training_job": found.training_job,
            "compared_with": compared_with,
            "source": found.lineage(),
        }
    }
