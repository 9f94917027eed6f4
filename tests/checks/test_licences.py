"""The licences of a clone's packages: what is not allowed is a finding, an exception holds for what it was made for."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path

import pytest

from checks import licences

RULES = licences.read_rules()


def _bill(*declared: dict[str, object], name: str = "package") -> dict[str, object]:
    return {"components": [{"name": name, "version": "1.0", "licenses": list(declared)}]}


def _license(text: str) -> dict[str, object]:
    return {"license": {"id": text}}


@pytest.mark.parametrize(
    "declared",
    [
        [_license("MIT")],
        [{"license": {"name": "License :: OSI Approved :: BSD License"}}],
        [{"expression": "MIT AND BSD-3-Clause"}],
        [{"expression": "GPL-3.0-only OR MIT"}],
        [_license("Apache-2.0"), {"license": {"name": "License :: OSI Approved"}}],
    ],
)
def test_allowed(declared: list[dict[str, object]]) -> None:
    assert list(licences.findings(_bill(*declared), RULES)) == []


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ([_license("GPL-3.0-only")], "GPL-3.0-only"),
        ([_license("MIT"), _license("AGPL-3.0-or-later")], "MIT, AGPL-3.0-or-later"),
        ([{"expression": "MIT AND GPL-2.0-only"}], "MIT AND GPL-2.0-only"),
        ([{"expression": "GPL-2.0-only AND (X OR MIT OR Y)"}], "GPL-2.0-only AND (X OR MIT OR Y)"),
        ([{"license": {"name": "License :: OSI Approved"}}], "License :: OSI Approved"),
        ([{"license": {"name": "Other/Proprietary License"}}], "Other/Proprietary License"),
        ([], "no licence"),
    ],
)
def test_refused(declared: list[dict[str, object]], says: str) -> None:
    assert list(licences.findings(_bill(*declared), RULES)) == [
        f"package 1.0 declares {says}, which licences.toml does not allow: read its licence, then replace the package "
        "or give the reason there"
    ]


def test_an_exception_is_of_one_package_and_one_licence() -> None:
    assert list(licences.findings(_bill(_license("GPL-2.0-only"), name="codespell"), RULES)) == []
    assert list(licences.findings(_bill(_license("GPL-3.0-only"), name="codespell"), RULES))
    assert list(licences.findings(_bill(_license("GPL-2.0-only"), name="codespell2"), RULES))
    assert list(licences.findings(_bill(_license("Proprietary"), name="protobuf"), RULES))


def test_an_exception_without_a_reason_is_refused(tmp_path: Path) -> None:
    text = licences.TABLE.read_text().replace('reason = "BSD-2-Clause, by the LICENSE in the package"', 'reason = ""')
    (tmp_path / "licences.toml").write_text(text)
    with pytest.raises(ValueError, match="ImageHash has no reason"):
        licences.read_rules(tmp_path / "licences.toml")


def test_every_exception_but_those_of_cuda_is_of_an_installed_package() -> None:
    names = [name for name, _ in RULES.exceptions if not name.endswith("*")]
    assert names and all(metadata.version(name) for name in names)


def test_the_command_fails_on_a_finding_and_on_an_empty_bill(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bill = tmp_path / "bill.json"
    for content, status, says in (
        (_bill(_license("MIT")), 0, "the licences of 1 packages are allowed"),
        (_bill(_license("SSPL-1.0")), 1, "declares SSPL-1.0"),
        ({"components": []}, 1, "0 packages"),
    ):
        bill.write_text(json.dumps(content))
        assert licences.main([str(bill)]) == status
        assert says in capsys.readouterr().err
