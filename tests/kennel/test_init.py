"""`kennel init` as it is typed: flags, questions, refusals, what it prints and writes."""

from __future__ import annotations

import json
import shlex
import time
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner, Result

from config.project_file.project import FILE, Project
from kennel.cli import init
from kennel.cli.app import app
from kennel.cli.output import errors
from kennel.errors import KennelError
from kennel.new_project import headers
from kennel.new_project.write import SCHEMA
from tests.kennel.new_project.images import folder


@pytest.fixture
def flowers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of images in the current folder, which has nothing else."""
    monkeypatch.chdir(tmp_path)
    return folder(tmp_path / "My Flowers", {"daisy": 6, "rose": 6}).relative_to(tmp_path)


def run(*arguments: str | Path, answers: str | None = None) -> Result:
    """The command's result. A refusal of the user's is raised."""
    result = CliRunner().invoke(app, ["init", *map(str, arguments)], input=answers)
    if isinstance(result.exception, KennelError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(init, "sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))


def test_with_yes_every_proposal_is_taken(flowers: Path) -> None:
    result = run("--data", flowers, "--yes")
    project = Project.load(Path(FILE))
    assert (project.name, project.environments) == ("my-flowers", ("local", "dev", "prod"))
    local, dev = project.config("local"), project.config("dev")
    assert [item.name for item in dev.datasets] == ["my-flowers"]
    assert (dev.models[0].name, dev.models[0].dataset) == ("my-flowers-classifier", "my-flowers")
    assert (local.preset, dev.preset, project.config("prod").preset) == ("laptop", "small", "strict")
    assert not local.models[0].pretrained
    assert "daisy 6, rose 6" in result.output


def test_the_schema_beside_it_is_the_one_that_it_names(flowers: Path) -> None:
    run("--data", flowers, "--yes")
    first = Path(FILE).read_text().splitlines()[0]
    assert first == f"# yaml-language-server: $schema=./{SCHEMA}"
    jsonschema.validate(
        yaml.safe_load(Path(FILE).read_text().replace("\n    on:", '\n    "on":')), json.loads(Path(SCHEMA).read_text())
    )


def test_names_that_look_like_markup_are_printed_as_they_are(flowers: Path) -> None:
    folder(Path("[bold]"), {"[red]": 6, "[blue]": 6})
    assert "[blue] 6, [red] 6" in run("--data", "[bold]", "--yes").output


def test_flags_name_things(flowers: Path) -> None:
    run("project", "--data", flowers, "--name", "rose-or-daisy", "--architecture", "mobilenet_v3_small")
    project = Project.load(Path("project"))
    (model,) = project.config("local").models
    assert (project.name, model.name, model.architecture) == ("rose-or-daisy", "rose-or-daisy", "mobilenet_v3_small")
    run("other", "--data", flowers, "--name", "rose-or-daisy", "--project-name", "garden", "--yes")
    assert Project.load(Path("other")).name == "garden"


def test_the_next_commands_can_be_typed(flowers: Path) -> None:
    output = run("a project", "--data", flowers, "--yes").output
    commands = [shlex.split(line) for line in output.split("Next:")[1].splitlines() if line.strip()]
    assert commands[0] == ["cd", "a project"]
    upload = next(command for command in commands if "upload" in command)
    assert upload == ["kennel", "data", "upload", str(flowers.resolve()), "--dataset", "my-flowers"]
    *_, image, option, model = commands[-1]
    assert Path(image).is_file() and (option, model) == ("--model", "my-flowers-classifier")
    assert [command[1:3] for command in commands[1:3]] == [["local", "up"], ["deploy"]]


def test_json_is_for_programs(flowers: Path) -> None:
    found = json.loads(run("--data", flowers, "--yes", "--json").stdout)
    assert found["found"]["classes"] == {"daisy": 6, "rose": 6}
    assert found["project"]["project"] == "my-flowers"
    assert [Path(path).name for path in found["written"]] == [FILE, SCHEMA]
    assert found["prices"]["prod"]["endpoint_per_month"] > found["prices"]["dev"]["endpoint_per_month"] > 0
    assert found["prices"]["dev"]["run_at_most"] > 0 and "local" not in found["prices"]
    assert "kennel deploy" in found["next"]


class TestAtATerminal:
    def test_each_question_has_its_proposal(self, flowers: Path, terminal: None) -> None:
        result = run("--data", flowers, answers="\n\n\n")
        assert "Name of the model [my-flowers-classifier]" in result.output
        assert "Name of the project [my-flowers]" in result.output
        assert Project.load(Path(FILE)).name == "my-flowers"

    def test_an_answer_that_will_not_do_is_asked_for_again(self, flowers: Path, terminal: None) -> None:
        result = run("--data", flowers, answers="Roses!\nroses\n\nresnet81\nresnet50\n")
        said = " ".join(result.output.split())
        assert "such as roses" in said and "did you mean resnet18?" in said
        (model,) = Project.load(Path(FILE)).config("local").models
        assert (model.name, model.architecture) == ("roses", "resnet50"), (
            "a network that is named is trained everywhere"
        )
        assert Project.load(Path(FILE)).name == "roses"

    def test_a_network_that_is_accepted_is_the_proposal(self, flowers: Path, terminal: None) -> None:
        """With another network on a laptop, which one that the user names would not have."""
        folder(flowers, {"daisy": 6, "rose": 6}, size=(300, 200))
        run("--data", flowers, answers="\n\n\n")
        project = Project.load(Path(FILE))
        assert [project.config(name).models[0].architecture for name in ("local", "dev")] == ["simple_cnn", "resnet18"]

    def test_the_folder_is_asked_for(self, flowers: Path, terminal: None) -> None:
        run(answers=f"{flowers}\n\n\n\n")
        assert Project.load(Path(FILE)).name == "my-flowers"

    def test_json_is_not_mixed_with_questions(self, flowers: Path, terminal: None) -> None:
        assert json.loads(run("--data", flowers, "--json", answers="\n\n\n").stdout)


class TestRefusals:
    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            ([], "--data is missing: give the folder of images"),
            (["--yes"], "--data is missing: give the folder of images"),
            (["--data", "My Flowers"], "--name is missing, .*: give it, or --yes to take the proposals"),
            (["--data", "My Flowers", "--name", "x"], "--architecture is missing, .*: give it, or --yes"),
            (["--data", "My Flowers", "--name", "X", "--yes"], "--name 'X': use lower case letters, .* such as x"),
            (["--data", "My Flowers", "--architecture", "vgg", "--yes"], "'vgg' is not a network; choose from"),
            (["My Flowers", "--data", "My Flowers", "--yes"], "in the folder of images, .* as .*/My Flowers-project"),
            (["My Flowers/sub", "--data", "My Flowers", "--yes"], "is in the folder of images"),
            (["My Flowers/rose/0.png", "--data", "elsewhere", "--yes"], "0.png is not a folder"),
            (["--data", "elsewhere", "--yes"], "elsewhere"),
        ],
    )  # fmt: skip
    def test_a_mistake_is_one_sentence_and_nothing_is_written(
        self, arguments: list[str], sentence: str, flowers: Path
    ) -> None:
        before = sorted(Path().rglob("*"))
        with pytest.raises(KennelError, match=sentence):
            run(*arguments)
        assert sorted(Path().rglob("*")) == before

    def test_a_project_file_is_never_overwritten(self, flowers: Path) -> None:
        Path(FILE).write_text("mine")
        with pytest.raises(KennelError, match=f"{FILE} exists, and is never overwritten: edit it, or give another"):
            run("--data", flowers, "--yes")
        assert Path(FILE).read_text() == "mine" and not Path(SCHEMA).exists()

    def test_a_broken_link_is_not_written_through(self, flowers: Path) -> None:
        Path(FILE).symlink_to("nowhere.yaml")
        with pytest.raises(KennelError, match="never overwritten"):
            run("--data", flowers, "--yes")
        assert not Path("nowhere.yaml").exists()


@pytest.mark.parametrize(("after", "shown"), [(0.0, True), (60.0, False)])
def test_progress_is_shown_when_it_takes_long(
    after: float, shown: bool, flowers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = headers.read

    def slow(path: Path) -> headers.Header:
        time.sleep(0.1)
        return read(path)

    monkeypatch.setattr(headers, "read", slow)
    monkeypatch.setattr(init, "PROGRESS_AFTER_SECONDS", after)
    monkeypatch.setattr(errors, "_force_terminal", True)
    monkeypatch.setattr(errors, "is_interactive", True)
    monkeypatch.setenv("TERM", "xterm")
    assert ("━━━" in run("--data", flowers, "--yes").stderr) is shown
