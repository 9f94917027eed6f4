"""Secrets that are written down: in templates, everybody who may read a stack reads them."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from checks.assembly import Assembly, as_list, texts
from checks.control import Control, Found

NAME = re.compile(r"passw(or)?d|passphrase|passwd|pwd$|(^|_)pass$|secret|token|credential|bearer|jwt|auth$|_pat$|_dsn$"
                  r"|conn(ection)?_?str|(access|api|private|signing|encryption|master|ssh|license)_?key",
                  re.IGNORECASE)  # fmt: skip
VALUE = re.compile(
    r"A(KI|SI|GP|ID|IP|NP|NV|RO)A[0-9A-Z]{16}|-----BEGIN|gh[pousr]_\w{20}|github_pat_\w{20}|glpat-[\w-]{16}|hf_[A-Za-z]{20}"
    r"|xox[abprs]-\w|[rs]k_(live|test)_\w{10}|sk-[\w-]{20}|AIza[\w-]{30}|eyJ[\w-]{10,}\.[\w-]{10,}\.|npm_\w{30}|pypi-\w{30}"
    r"|dckr_pat_\w{10}|hooks\.slack\.com/services/\w|://[^/\s:@${]+:[^/\s@${]+@"
    r"|(?i:(password|passwd|passphrase|pwd|secret|token|api_?key)[\"']?\s*[:=]\s*[\"']?[^\s\"'$<{(|]{6,})"
    r"|(?i:\blogin\s+\S+\s+password\s+[^\s$])|\blogin\b[^\n;|&]*\s(-p|--password)[ =][\"']?[^\s\"'$-]"
)
"""What is recognized as a credential by itself: keys of AWS, GitHub, GitLab and others, JSON web tokens, URLs with
passwords, assignments, and what logs in."""
REFERENCE = re.compile(r"\$\{[^}]*\}")
WORD = re.compile(r"[A-Za-z0-9+/=_-]{24,}")
RANDOM_BITS = 4.2
"""Entropy per character from which a word of letters of both cases and digits is random: 40 random ones of 64 have
4.6 to 5, names in camel case below 4."""
FREE = ("Value", "Description")
"""Properties with free text, besides variables."""
SHORT = 200
"""Longer texts are scripts and documents, in which words are judged by their form only."""


def written_down(assembly: Assembly) -> Iterator[Found]:
    for resource in assembly.resources:
        values = [*resource.texts, *texts(resource.raw.get("Metadata"))]
        free = [str(value) for _, value in variables(resource.properties)] + [
            str(resource.get(member, "")) for member in FREE
        ]
        found = list(filter(is_credential, values)) + list(filter(is_secret, free))
        if found:
            yield resource.label, shown(found[0])
        for name, value in variables(resource.properties):
            if NAME.search(name) and says_something(value):
                yield resource.label, name
    for parameter in assembly.of("AWS::SSM::Parameter"):
        if NAME.search(str(parameter.get("Name", ""))) and says_something(parameter.get("Value")):
            yield parameter.label, str(parameter.get("Name"))
    yield from _in_outputs(assembly)


def says_something(value: Any) -> bool:
    """Whether a value is a literal that could be a credential: no switch, number or reference."""
    literal = REFERENCE.sub("", str(value)).strip()
    return bool(literal) and literal.lower() not in ("true", "false") and not re.fullmatch(r"[\d.]+", literal)


def _in_outputs(assembly: Assembly) -> Iterator[Found]:
    for stack, template in assembly.templates.items():
        if any(
            is_credential(text)
            for part in ("Metadata", "Mappings", "Description")
            for text in texts(template.get(part))
        ):
            yield stack, "its metadata or mappings"
        for name, output in template.get("Outputs", {}).items():
            value = str(assembly.resolve(output.get("Value"), stack))
            named = NAME.search(name) and not value.startswith("${") and not name.startswith("Exports")
            told = str(output.get("Description", ""))
            if is_secret(value) or is_secret(told) or named or "SecretAccessKey" in value or "{{resolve" in value:
                yield f"{stack}/{name}", "an output"
        for name, parameter in template.get("Parameters", {}).items():
            default = str(parameter.get("Default", ""))
            if parameter.get("NoEcho") or is_secret(default) or (NAME.search(name) and default):
                yield f"{stack}/{name}", "a parameter"


def variables(properties: Any) -> Iterator[tuple[str, Any]]:
    """(name, value) of environment variables, of functions, containers and builds, at any depth."""
    if isinstance(properties, dict):
        for key, value in properties.items():
            if key in ("Variables", "Environment") and isinstance(value, dict):
                yield from ((str(name), item) for name, item in value.items() if not isinstance(item, (dict, list)))
            if key == "EnvironmentVariables":
                yield from ((str(item.get("Name")), item.get("Value")) for item in _plain(value))
            yield from variables(value)
    elif isinstance(properties, list):
        for item in properties:
            yield from variables(item)


def _plain(value: Any) -> list[Mapping[str, Any]]:
    """The variables of a build that have their value, not the name of a secret."""
    items = [item for item in as_list(value) if isinstance(item, dict)]
    return [item for item in items if item.get("Type", "PLAINTEXT") == "PLAINTEXT"]


@lru_cache(maxsize=8192)
def is_credential(text: str) -> bool:
    """Whether a text has a credential of a form that is known."""
    return VALUE.search(REFERENCE.sub(" ", text)) is not None


def is_secret(text: str) -> bool:
    """The same of free text, in which a word that is random is one too."""
    literal = REFERENCE.sub(" ", text)
    return is_credential(text) or (len(literal) < SHORT and any(is_random(word) for word in WORD.findall(literal)))


def is_random(word: str) -> bool:
    """Whether a word looks drawn by chance: no hash in hexadecimal, no name made of words, no path."""
    mixed = all(re.search(kind, word) for kind in ("[a-z]", "[A-Z]", r"\d"))
    counts = Counter(word)
    bits = -sum(n / len(word) * math.log2(n / len(word)) for n in counts.values())
    return mixed and bits >= RANDOM_BITS


def shown(text: str) -> str:
    return json.dumps(text[:6] + "...")


CONTROLS = (
    Control(
        "stack.secrets",
        "not contain a secret: keep it in Secrets Manager, and read it where it is used",
        written_down,
    ),
)
