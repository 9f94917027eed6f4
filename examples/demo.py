"""The whole product in one go, in the local cloud: deploy, train two models, ask the endpoint.

Every step is a command that a user would type. Exit code 0 only if the execution succeeded and both models answered.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from imgcls.contract import keys
from kennel.cloud.session import Session
from kennel.errors import KennelError
from kennel.models import published as models
from kennel.workspace import clone
from samples import draw

OUT = clone.ROOT / "out" / "demo"
DATASET = "dog-breeds"
CLASSES, PER_CLASS = 5, 60
HELD_OUT_PER_CLASS, HELD_OUT_SEED = 40, 2026


def main() -> int:
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    # A home of its own: a cloud that the user has running stays untouched.
    os.environ["KENNEL_HOME"] = str(OUT / ".kennel")
    data = OUT / "data"
    kennel("data", "sample", str(data), "--classes", str(CLASSES), "--per-class", str(PER_CLASS))
    try:
        kennel("local", "up", "--port", "0")
        kennel("deploy")
        kennel("data", "upload", str(data), "--dataset", DATASET)
        kennel("pipeline", "start", "--name", "demo")
        kennel("pipeline", "watch", "demo")
        summary = collect(Session("local"))
    finally:
        kennel("local", "down", check=False)
        shutil.rmtree(OUT / ".kennel", ignore_errors=True)
    (OUT / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    return verdict(summary)


def kennel(*arguments: str, check: bool = True) -> None:
    """Run one command of the product, shown as the user would type it."""
    print(f"\n$ kennel {' '.join(arguments)}", flush=True)
    done = subprocess.run([sys.executable, "-m", "kennel", *arguments], cwd=clone.ROOT, check=False)
    if check and done.returncode:
        raise SystemExit(f"kennel {' '.join(arguments)} ended with exit code {done.returncode}")


def collect(session: Session) -> dict[str, Any]:
    """The results of the run: the execution, the models, their answers about new images, the reports."""
    run = json.loads(_output("pipeline", "show", "demo", "--json"))
    held_out = draw_held_out()
    published = [alias for alias in models.aliases(session) if alias.name in session.config.default_models]
    return {
        "execution": {"arn": run["arn"], "status": run["status"], "seconds": run["seconds"]},
        "models": [describe(session, alias.name, alias.current) for alias in published],
        "predictions": [
            ask(session, image, alias.current, expected) for alias in published for image, expected in held_out
        ],
        "reports": download_reports(session, run["output"]),
    }


def draw_held_out() -> list[tuple[Path, str]]:
    """Images drawn with another seed, so that they are not in any split of the run."""
    folder = OUT / "held-out"
    draw(folder, "breeds", CLASSES, HELD_OUT_PER_CLASS, HELD_OUT_SEED)
    return [(path, path.parent.name.partition(".")[2]) for path in sorted((folder / "test").glob("*/*.jpg"))]


def describe(session: Session, name: str, target_model: str) -> dict[str, Any]:
    evaluation = _published_evaluation(session, name)
    return {
        "name": name,
        "target_model": target_model,
        "version": target_model.split("/")[1],
        "architecture": session.config.model(name).architecture,
        "metrics": {key: evaluation[key] for key in ("accuracy", "loss", "ece", "latency_ms", "num_images")},
    }


def _published_evaluation(session: Session, name: str) -> dict[str, Any]:
    answer = session.client("s3").get_object(
        Bucket=session.output("ArtifactsBucket"), Key=keys.evaluation("demo", name)
    )
    evaluation: dict[str, Any] = json.loads(answer["Body"].read())
    return evaluation


def ask(session: Session, image: Path, target_model: str, expected: str) -> dict[str, Any]:
    """One InvokeEndpoint, as any AWS client would send it."""
    response = session.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=session.output("EndpointName"),
        TargetModel=target_model,
        ContentType="application/x-image",
        Body=image.read_bytes(),
    )
    answer = json.loads(response["Body"].read())
    return {
        "image": str(image.relative_to(OUT)),
        "target_model": target_model,
        "label": answer["label"],
        "probability": answer["probability"],
        "expected": expected,
    }


def download_reports(session: Session, output: dict[str, Any]) -> list[str]:
    """Every report of the run, below out/demo/."""
    s3, bucket = session.client("s3"), session.output("ArtifactsBucket")
    sources = {f"{name}/": keys.reports("demo", name) for name in session.config.default_models}
    sources[""] = keys.prepared(output["manifest_id"]) + "reports/"
    written = []
    for folder, prefix in sources.items():
        for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", ()):
            path = OUT / folder / item["Key"].removeprefix(prefix)
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, item["Key"], str(path))
            written.append(str(path.relative_to(clone.ROOT)))
    return sorted(path for path in written if path.endswith(".html"))


def verdict(summary: dict[str, Any]) -> int:
    """Print how each model did. Returns the exit code."""
    print()
    answered = True
    for model in summary["models"]:
        answers = [item for item in summary["predictions"] if item["target_model"] == model["target_model"]]
        right = sum(item["label"] == item["expected"] for item in answers)
        print(f"{model['name']:30} {model['architecture']:20} {right} of {len(answers)} held-out images right")
        answered = answered and bool(answers)
    status, seconds = summary["execution"]["status"], summary["execution"]["seconds"]
    print(f"execution {status} in {seconds:.0f} s; summary and reports are in {OUT.relative_to(clone.ROOT)}/")
    for report in summary["reports"]:
        print(f"  {report}")
    return 0 if status == "SUCCEEDED" and len(summary["models"]) == 2 and answered else 1


def _output(*arguments: str) -> str:
    command = [sys.executable, "-m", "kennel", *arguments]
    return subprocess.run(command, cwd=clone.ROOT, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KennelError as error:
        sys.exit(str(error))
