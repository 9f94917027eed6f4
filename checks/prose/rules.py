"""The rules of the language: plain word order, the field's terms, one name per thing.

Each has an example that it finds and one that it lets pass; the tests hold it to both. A pattern is matched without
regard to case, and a space in it stands for any white space.
"""

# ruff: noqa: E501  a table reads best with one rule per line

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Rule:
    """`advice` says what to write instead."""

    name: str
    pattern: str
    advice: str
    bad: str
    good: str

    @cached_property
    def expression(self) -> re.Pattern[str]:
        return re.compile(self.pattern.replace(" ", r"\s+"), re.IGNORECASE)


_COUNTED = (
    "one|two|three|four|five|six|eight|ten|each|[0-9][0-9,.]*[0-9]|[0-9]|images?|threads?|lines?|rows?|requests?|steps?|sentences?|bytes|"
    "megabytes|MB|KB|processe?s?|folders?|files?|entries|entry|keys?|shards?|models?|USD|images|samples|cores?"
)
_UNITS = (
    "core|class|finding|line|model|image|file|process|rule|job|state|row|name|epoch|step|run|request|label|instance|"
    "GPU|trial|second|minute|hour|day|month|year|shard|stack|function|split|part|column|group|environment|test|worker|"
    "thread|round|event|call|zone|region|finding|message|person|week"
)

RULES = (
    Rule(
        "is-no",
        r"(?<!there\s)\b(is|are|was|were) no (?!longer\b|more\b|less\b|fewer\b|matter\b|one\b|doubt\b|worse\b|better\b|"
        r"larger\b|smaller\b|slower\b|faster\b|older\b|newer\b|different\b)[a-z0-9]",
        'write "is not a"',
        "photo.jpg is no file",
        "photo.jpg is not a file; there is no model",
    ),
    Rule("holds-no", r"\bholds? (no|nothing)\b", 'write "does not contain"', "the folder holds no images", "it contains no images"),
    Rule(
        "a-for-per",
        rf"\b({_COUNTED}) an? ({_UNITS})\b(?! (of|that|which|to|in|with|from|whose)\b)",
        'write "per"',
        "one sentence a finding; 4 threads a core",
        "one sentence per finding; what gives a model its name",
    ),
    Rule("embedded-cloud", r"\bembedded cloud\b", 'it is the "local cloud"', "in the embedded cloud", "in the local cloud"),
    Rule("dearest", r"\bdear(er|est)?\b", 'write "most expensive"', "the dearest type", "the most expensive type"),
    Rule("sisters", r"\bsisters?\b", 'write "siblings" or "the others"', "a state and its sisters", "a state and its siblings"),
    Rule("of-now", r"\b(weights|values|state|version)s? of now\b", 'write "current"', "the weights of now", "the current weights"),
    Rule("stranger", r"\bstrangers?('s)?\b", 'write "untrusted" or "from elsewhere"', "a stranger's archive", "an untrusted archive"),
    Rule("in-vain", r"\bin vain\b", "say what fails", "what it asks for in vain", "what it asks for and does not get"),
    Rule("ever-after", r"\bever after\b", "say for how long", "it keeps it ever after", "it caches it"),
    Rule("speaks", r"\bspeaks?\b(?! (english|http|tls|the protocol))", "say what it writes or prints", "the job speaks", "the job prints"),
    Rule("thinkable", r"\b(un)?thinkable\b", 'write "possible"', "always thinkable", "always possible"),
    Rule("mend", r"\bmend(s|ed|ing)?\b", 'write "fix" or "repair"', "how to mend it", "how to fix it"),
    Rule("can-not", r"\bcan not\b(?! be (?:updated|converted))", 'write "cannot"', "it can not load", "it cannot load"),
    Rule("to-be-had", r"\b(to be|can be|cannot be|can't be|could be) had\b", 'write "available"', "weights cannot be had", "weights are not available"),
    Rule("once-over", r"\bonce over\b", 'write "once"', "read it once over", "read it once"),
    Rule("for-nothing", r"\bfor nothing\b", 'write "without effect" or "free of charge"', "pulls it for nothing", "pulls it without effect"),
    Rule("archaic", r"\b(whence|thence|wherefore|thereof|therein|hereby|whosoever|henceforth)\b", "use a current word", "the list thereof", "its list"),
    Rule("utilize", r"\butili[sz]e[sd]?\b", 'write "use"', "utilize a GPU", "use a GPU"),
    Rule("simply", r"\b(simply|obviously|of course|needless to say)\b", "leave it out", "simply run it", "run it"),
    Rule("as-per", r"\bas per\b", 'write "as ... says"', "as per the docs", "as the docs say"),
    Rule("in-order-to", r"\bin order to\b", 'write "to"', "in order to train", "to train"),
    Rule("doubled-word", r"\b(the|a|an|of|to|in|is|and|that|it) \1\b", "one of the two is too many", "of the the file", "of the file"),
)  # fmt: skip
