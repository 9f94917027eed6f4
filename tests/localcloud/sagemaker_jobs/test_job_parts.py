"""The parts of a job on their own: paths, prefixes, searches, metrics, slots."""

import math
import threading

import pytest

from localcloud import AwsError
from localcloud.sagemaker.api.validation import check_request
from localcloud.sagemaker.jobs.failures import last_error
from localcloud.sagemaker.jobs.metrics import MetricScanner, compile_definitions
from localcloud.sagemaker.jobs.moto_s3 import read_object
from localcloud.sagemaker.jobs.opt_ml import OptMl
from localcloud.sagemaker.jobs.runner import JobRunner
from localcloud.sagemaker.jobs.s3_transfer import relative_path
from localcloud.sagemaker.jobs.tuning.early_stopping import is_worse_than_median
from localcloud.sagemaker.jobs.tuning.ranges import parse_ranges
from localcloud.sagemaker.jobs.tuning.search import OptunaSearch

from .job_helpers import BUCKET


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("/opt/ml", "BASE"),
        ("--out=/opt/ml/model:/opt/ml/output", "--out=BASE/model:BASE/output"),
        ('{"dir": "/opt/ml/input"}', '{"dir": "BASE/input"}'),
        ("cd /opt/ml&&ls", "cd BASE&&ls"),
        ("file:///opt/ml/model", "file://BASE/model"),
        ("s3://opt/ml/model", "s3://opt/ml/model"),
        ("s3://bucket/opt/ml", "s3://bucket/opt/ml"),
        ("/usr/opt/ml /opt/mlflow /opt/ml.txt", "/usr/opt/ml /opt/mlflow /opt/ml.txt"),
    ],
)
def test_paths_below_opt_ml_lead_into_the_jobs_directory(tmp_path, text, local):
    opt_ml = OptMl(tmp_path / "job")
    assert opt_ml.local(text) == local.replace("BASE", str(opt_ml.base))
    assert opt_ml.original(opt_ml.local(text)) == text
    opt_ml.close(keep_files=False)
    assert not opt_ml.base.exists() and not opt_ml.temporary.exists()


@pytest.mark.parametrize(
    ("key", "prefix", "relative"),
    [
        ("data/train/a/1.jpg", "data/train/", "a/1.jpg"),
        ("data/train/a/1.jpg", "data/train", "a/1.jpg"),
        ("0123abcd.gz", "0123abcd.gz", "0123abcd.gz"),
        ("code/0123abcd.gz", "code/0123abcd.gz", "0123abcd.gz"),
        ("data/train2/1.jpg", "data/train", "train2/1.jpg"),
        ("a/1.jpg", "", "a/1.jpg"),
    ],
)
def test_the_path_of_a_downloaded_object(key, prefix, relative):
    assert relative_path(key, prefix) == relative


def test_a_bayesian_search_finds_the_peak_with_distinct_trials():
    ranges = parse_ranges(
        {
            "ContinuousParameterRanges": [{"Name": "lr", "MinValue": "0.0001", "MaxValue": "1"}],
            "IntegerParameterRanges": [{"Name": "depth", "MinValue": "1", "MaxValue": "8", "ScalingType": "Linear"}],
        }
    )
    search = OptunaSearch(ranges, bayesian=True, maximize=False, seed=3, max_trials=40)
    losses, tried = [], set()
    for _ in range(40):
        suggestion = search.ask()
        values = suggestion.values
        tried.add(tuple(values.values()))
        assert 0.0001 <= float(values["lr"]) <= 1 and 1 <= int(values["depth"]) <= 8
        losses.append(abs(math.log10(float(values["lr"])) + 2) + abs(int(values["depth"]) - 5) / 4)
        search.tell(suggestion, losses[-1] if len(losses) % 10 else None)
    assert len(tried) == 40
    assert min(losses[20:]) < 0.2


def test_a_small_space_is_searched_completely_before_anything_repeats():
    ranges = parse_ranges({"CategoricalParameterRanges": [{"Name": "b", "Values": [str(size) for size in range(6)]}]})
    search = OptunaSearch(ranges, bayesian=True, maximize=True, seed=0, max_trials=8)
    asked = []
    for _ in range(8):
        suggestion = search.ask()
        asked.append(suggestion.values["b"])
        search.tell(suggestion, float(asked[-1]))
    assert set(asked[:6]) == {str(size) for size in range(6)}


@pytest.mark.parametrize("bayesian", [True, False])
def test_the_same_seed_gives_the_same_suggestions(bayesian):
    entry = {"Name": "lr", "MinValue": "0.001", "MaxValue": "0.1"}
    asked = []
    for _ in range(2):
        ranges = parse_ranges({"ContinuousParameterRanges": [entry]})
        search = OptunaSearch(ranges, bayesian=bayesian, maximize=True, seed=7, max_trials=3)
        suggestions = [search.ask() for _ in range(3)]
        asked.append([suggestion.values for suggestion in suggestions])
    assert asked[0] == asked[1]


def test_scaling_decides_where_the_samples_lie():
    def sample(scaling, low, high):
        entry = {"Name": "x", "MinValue": low, "MaxValue": high, "ScalingType": scaling}
        ranges = parse_ranges({"ContinuousParameterRanges": [entry]})
        search = OptunaSearch(ranges, bayesian=False, maximize=True, seed=1, max_trials=50)
        values = [float(search.ask().values["x"]) for _ in range(50)]
        assert all(float(low) <= value <= float(high) for value in values)
        return values

    assert sum(value < 0.01 for value in sample("Logarithmic", "0.0001", "1")) > 15
    assert sum(value < 0.01 for value in sample("Auto", "0.0001", "1")) > 15
    assert sum(value < 0.01 for value in sample("Linear", "0.0001", "1")) < 5
    assert sum(value > 0.99 for value in sample("ReverseLogarithmic", "0", "0.9999")) > 15


def test_ranges_that_cannot_be_scaled_are_refused():
    entry = {"Name": "lr", "MinValue": "0", "MaxValue": "1", "ScalingType": "Logarithmic"}
    with pytest.raises(AwsError, match="needs a MinValue above 0"):
        parse_ranges({"ContinuousParameterRanges": [entry]})
    with pytest.raises(AwsError, match="must be an integer"):
        parse_ranges({"IntegerParameterRanges": [{"Name": "n", "MinValue": "0.5", "MaxValue": "2"}]})


def test_the_median_rule_waits_for_comparisons_and_respects_the_direction():
    finished = [[0.5, 0.7], [0.6, 0.8], [0.7, 0.9]]
    assert not is_worse_than_median([0.1], finished[:2], maximize=True)
    assert is_worse_than_median([0.1], finished, maximize=True)
    assert not is_worse_than_median([0.1], finished, maximize=False)
    assert not is_worse_than_median([0.1, 0.75], finished, maximize=True)
    assert not is_worse_than_median([0.1, 0.1, 0.1], finished, maximize=True)


# From AWS's documentation ("Define metrics and environment variables", the tables of the built-in algorithms) and the
# notebooks of AWS and Hugging Face.
DOCUMENTED = [
    r".*\[[0-9]+\].*#011validation-rmse:(\S+)",
    r"#quality_metric: host=\S+, train cross_entropy <loss>=(\S+)",
    r".*\[[0-9]+\].*#011train-auc:([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?).*",
    "GAN_loss=(.*?);",
    "eval_loss.*=\\D*(.*?)$",
    r"'loss': ([0-9]+(.|e\-)[0-9]+),?",
    r"\d+m?s\/epoch - val_loss: (\d+\.\d+)",
]


@pytest.mark.parametrize("regex", DOCUMENTED)
def test_every_expression_of_awss_documentation_is_taken(regex):
    [(name, pattern)] = compile_definitions([{"Name": "m", "Regex": regex}])
    assert name == "m" and pattern.groups >= 1


@pytest.mark.parametrize("regex", [r"(?<!\w)loss=(\S+)", r"(?<=x)y(.)", r"a(?=b)", r"(.)\1", "(unclosed"])
def test_an_expression_that_not_every_engine_takes_is_refused(regex):
    with pytest.raises(AwsError, match=r"Invalid regular expression for metric m: .*localcloud takes what RE2 takes"):
        compile_definitions([{"Name": "m", "Regex": regex}])


def test_metrics_keep_their_last_finite_value():
    scanner = MetricScanner([{"Name": "loss", "Regex": r"loss=(\S+);"}], "job", None)
    for line in ("loss=2;", "loss=1e-1; loss=0.05;", "loss=nan;", "loss=soon;"):
        scanner.scan(line)
    assert scanner.values("loss") == [2.0, 0.1, 0.05]
    assert [metric["Value"] for metric in scanner.final()] == [0.05]


def test_the_last_error_is_the_scripts_own():
    tail = [
        "Invoking script with the following command:",
        "python -- train.py",
        "Traceback (most recent call last):",
        '  File "train.py", line 1, in <module>',
        "ValueError: no images",
        "2026-11-20 13:35:50,163 sagemaker-training-toolkit ERROR    Reporting training FAILURE",
        "ExecuteUserScriptError:",
    ]
    assert last_error(tail).splitlines() == tail[2:5]


def test_slots_are_given_in_order_and_a_stopped_job_does_not_take_one():
    runner = JobRunner(max_jobs=1)
    release, order, stop = threading.Event(), [], threading.Event()

    def work(name, stop_requested, wait):
        with runner.slots(1, stop_requested) as admitted:
            order.append((name, admitted))
            wait.wait(5)

    held, done = threading.Event(), threading.Event()
    done.set()
    runner.start("first", lambda: work("first", threading.Event(), release))
    while not order:
        held.wait(0.01)
    runner.start("second", lambda: work("second", stop, done))
    while len(runner._waiting) < 1:
        held.wait(0.01)
    runner.start("third", lambda: work("third", threading.Event(), done))
    while len(runner._waiting) < 2:
        held.wait(0.01)
    stop.set()
    runner.wake()
    while len(order) < 2:
        held.wait(0.01)
    assert order == [("first", True), ("second", False)]
    release.set()
    while len(order) < 3:
        held.wait(0.01)
    assert order[2] == ("third", True)
    runner.close()


def test_every_broken_constraint_is_named():
    request = {"TrainingJobName": "x" * 64, "RoleArn": "arn:aws:iam::123456789012:role/job", "OutputDataConfig": {}}
    with pytest.raises(AwsError) as refused:
        check_request("CreateTrainingJob", request)
    message = refused.value.message
    assert message.startswith("3 validation errors detected: ")
    assert "must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}" in message
    assert (
        "at 'trainingJobName' failed to satisfy constraint: Member must have length less than or equal to 63" in message
    )
    assert "Value null at 'outputDataConfig.s3OutputPath'" in message


def test_objects_are_read_directly_from_the_records(s3):
    s3.put_object(Bucket=BUCKET, Key="direct/a b+c.bin", Body=b"\x00\xff")
    s3.put_object(Bucket=BUCKET, Key="direct/gone", Body=b"x")
    s3.delete_object(Bucket=BUCKET, Key="direct/gone")
    assert bytes(read_object("123456789012", BUCKET, "direct/a b+c.bin")) == b"\x00\xff"
    assert read_object("123456789012", BUCKET, "direct/gone") is None
