"""The page about searches: the best trial is named, every trial is drawn and listed, unusual searches work."""

from __future__ import annotations

import re
from typing import Any, Literal

import pytest

from imgcls.reports.parallel_coordinates import Column, parallel
from imgcls.reports.search import Search, Trial, render_searches
from tests.imgcls.reports.pages import checked


def trial(number: int, objective: float | None, status: str = "Completed", **values: float | str) -> Trial:
    return Trial(f"search-{number:03d}", status, values, objective, 60.0)


def search(*trials: Trial, goal: Literal["Maximize", "Minimize"] = "Maximize") -> Search:
    return Search("dog-breed-classifier", "search", "Bayesian", "validation:accuracy", goal, trials)


MIXED = (
    trial(1, 0.61, lr=0.0005, optimizer="sgd"),
    trial(2, 0.93, lr=0.03, optimizer="adamw"),
    trial(3, None, status="Failed", lr=3.0, optimizer="<sgd>"),
    trial(4, 0.72, lr=0.01, optimizer="sgd"),
)


def test_the_best_trial_is_named_and_all_are_listed_best_first() -> None:
    text = checked(render_searches("Searches", "local", [search(*MIXED)]))
    assert "4 trials: 3 Completed, 1 Failed" in text
    table = text[text.index("Best first") :]
    assert re.findall(r"(00\d)(?=Completed|Failed)", table) == ["002", "004", "001", "003"]


def test_a_loss_is_better_when_it_is_lower() -> None:
    assert search(*MIXED, goal="Minimize").best == MIXED[0]
    assert search(*MIXED).best == MIXED[1]


def test_the_best_so_far_never_gets_worse() -> None:
    html = render_searches("Searches", "", [search(*MIXED)])
    assert "best so far: 0.93 at 4" in html and "trial: 0.72 at 4" in html
    assert "trial: 0 at 3" not in html, "a trial without a result is a gap"


@pytest.mark.parametrize("trials", [(), (trial(1, None, status="InProgress", lr=0.1),), (trial(1, 0.5, lr=0.1),)])
def test_a_search_that_has_just_started_has_a_page(trials: tuple[Any, ...]) -> None:
    assert "Best first" in checked(render_searches("Searches", "", [search(*trials)]))


def lines(html: str) -> list[str]:
    return re.findall(r'points="([^"]*)"', html)


def test_parallel_lines_meet_each_axis_where_their_value_is() -> None:
    html = parallel(
        [
            Column("lr", [0.001, 0.1, 10.0]),
            Column("optimizer", ["sgd", "adamw", "sgd"]),
            Column("loss", [3.0, 1.0, 2.0]),
        ],
        ["a", "b", "c"],
        label="three",
        best=1,
    )
    drawn = [[tuple(map(float, point.split(","))) for point in line.split()] for line in lines(html)]
    assert len(drawn) == 3 and all(len(line) == 3 for line in drawn)
    *others, best = drawn
    assert best[2][1] > max(line[2][1] for line in others), "the lowest loss is at the bottom, and drawn last"
    heights = sorted(line[0][1] for line in drawn)
    assert heights[1] - heights[0] == pytest.approx(heights[2] - heights[1], abs=0.2), "four decades are logarithmic"
    assert others[0][1][1] == others[1][1][1] != best[1][1], "equal texts meet"


def test_a_line_skips_only_the_axis_of_a_missing_value() -> None:
    html = parallel([Column("a", [1, 2]), Column("b", [None, 5])], ["one", "two"], label="x")
    assert sorted(len(line.split()) for line in lines(html)) == [1, 2]
