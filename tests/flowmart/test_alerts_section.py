"""`[[alerts]]` changes the default rules, switches them off and adds others; every mistake is named, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowmart.config import Config, ConfigError, read_config
from metrics.alerts.rules import DEFAULTS, Rule

BASE = '[sources.acme]\ntype = "jira"\nurl = "https://acme.example"\ntoken = "t"\n'
RULES_OF_DEFECTS = '[[defects.rules]]\nescaped = true\nlabels = ["escaped"]\n'
OWN = 'metric = "sprint_metrics.say_do"\ncomparison = "<"\nthreshold = 0.5\n'
FILTERED = 'name = "a"\nmetric = "cycle_time_trend.p85_days"\ncomparison = ">"\nthreshold = 9\nfilter = '


def load(*alerts: str, more: str = "") -> Config:
    return read_config(BASE + more + "".join(f"\n[[alerts]]\n{one}\n" for one in alerts), Path("flowmart.toml"), {})


def rules(*alerts: str, more: str = RULES_OF_DEFECTS) -> dict[str, Rule]:
    return {rule.name: rule for rule in load(*alerts, more=more).alert_rules()}


def problems(*alerts: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load(*alerts)
    return [line.removeprefix("flowmart.toml: alerts.") for line in refused.value.problems]


def test_without_a_section_the_defaults_hold() -> None:
    assert rules() == DEFAULTS


def test_unknown_defects_are_told_where_rules_classify_them_or_somebody_asks_for_it() -> None:
    assert set(rules(more="")) == set(DEFAULTS) - {"unknown_defects"}
    assert set(rules('name = "unknown_defects"', more="")) == set(DEFAULTS)


def test_a_source_is_stale_by_max_age_unless_the_rule_says_otherwise() -> None:
    week = '[schedule]\nmax_age = "7d"\n'
    assert rules(more=week)["stale_source"].threshold == 168
    assert rules('name = "stale_source"\nseverity = "low"', more=week)["stale_source"].threshold == 168
    assert rules('name = "stale_source"\nthreshold = 48', more=week)["stale_source"].threshold == 48


def test_a_default_is_switched_off_by_its_name() -> None:
    assert set(rules('name = "old_work"\nenabled = false')) == set(DEFAULTS) - {"old_work"}


def test_a_default_is_changed_by_its_name_and_keeps_the_rest() -> None:
    changed = rules('name = "low_say_do"\nthreshold = 0.5\ntimes = 3\nfilter = { board = "Red" }')["low_say_do"]
    assert (changed.threshold, changed.times, changed.filter) == (0.5, 3, {"board": ("Red",)})
    assert (changed.severity, changed.metric, changed.minimum_n) == ("medium", "sprint_metrics.say_do", 5)


def test_a_threshold_takes_the_place_of_deviations_and_the_other_way_round() -> None:
    fixed = rules('name = "high_escape_rate"\nthreshold = 0.3')["high_escape_rate"]
    assert (fixed.threshold, fixed.deviations) == (0.3, None)
    relative = rules('name = "unknown_defects"\ndeviations = 3\nhistory = 12')["unknown_defects"]
    assert (relative.threshold, relative.deviations, relative.history) == (None, 3, 12)


def test_a_rule_of_ones_own_has_a_severity_and_a_least_number_unless_it_says_others() -> None:
    assert rules(f'name = "mine"\n{OWN}')["mine"] == Rule(
        name="mine", severity="medium", metric="sprint_metrics.say_do", comparison="<", threshold=0.5, minimum_n=5
    )
    assert rules(f'name = "mine"\nminimum_n = 0\nseverity = "high"\n{OWN}')["mine"].minimum_n == 0
    assert "mine" not in rules(f'name = "mine"\nenabled = false\n{OWN}')


def test_a_filter_has_one_value_or_several() -> None:
    several = FILTERED + '{ period = "week", grouping = ["all", "board"], issue_type = "Bug", board = ["Red"] }'
    assert rules(several)["a"].filter == {
        "period": ("week",), "grouping": ("all", "board"), "issue_type": ("Bug",), "board": ("Red",)
    }  # fmt: skip


def own(metric: str, more: str = "") -> str:
    """A rule of one's own over that figure."""
    return f'name = "a"\nmetric = "{metric}"\ncomparison = ">"\nthreshold = 9\n{more}'


LEAVE_OUT = "leave this out"
AGES = "; known here: age_days, status_age_days, percentile_passed"


@pytest.mark.parametrize(
    ("alert", "line"),
    [
        (
            'name = "old_wrk"',
            "#1: needs metric, comparison and threshold, since 'old_wrk' is no default rule; did you mean old_work?",
        ),
        ('name = "old:work"', "#1.name: a rule's name is made of letters, digits, blanks, - and _"),
        ("enabled = false", "#1.name: is missing"),
        ('name = "old_work"\nthresold = 3', "#1.thresold: unknown key; did you mean threshold?"),
        ('name = "old_work"\nseverity = "hihg"', "#1.severity: 'hihg' is unknown; did you mean high?"),
        ('name = "old_work"\nthreshold = nan', "#1.threshold: must be a finite number"),
        ('name = "old_work"\nthreshold = "85"', "#1.threshold: must be a number"),
        (
            'name = "old_work"\nmetric = "wip_aging.age_days"',
            f"#1.metric: old_work is a rule of flowmart's own: {LEAVE_OUT}, or take another name",
        ),
        (
            'name = "old_work"\ntimes = 2',
            f"#1.times: the figures of wip_aging.percentile_passed do not follow one another: {LEAVE_OUT}",
        ),
        (
            'name = "long_blocked"\nminimum_n = 2',
            f"#1.minimum_n: nothing is counted behind blocked_intervals.days: {LEAVE_OUT}",
        ),
        (
            'name = "low_say_do"\nthreshold = 1\ndeviations = 2',
            "#1: threshold and deviations exclude one another: keep one of them",
        ),
        (own("sprint_metric.say_do"), "#1.metric: alerts watch no table 'sprint_metric'; did you mean sprint_metrics?"),
        (own("sprint_metrics.saydo"), "#1.metric: sprint_metrics has no figure 'saydo'; did you mean say_do?"),
        (own("say_do"), '#1.metric: write a table and a column, such as "sprint_metrics.say_do"'),
        (
            own("wip_aging.status; DROP TABLE issues"),
            f"#1.metric: wip_aging has no figure 'status; DROP TABLE issues'{AGES}",
        ),
        (own("wip_aging.age_days").replace(">", "=>"), "#1.comparison: '=>' is unknown; did you mean >?"),
        (
            'name = "a"\nmetric = "wip_aging.age_days"',
            "#1: a rule of your own needs comparison and threshold (or deviations) too",
        ),
        (FILTERED + '{ bord = "Red" }', "#1.filter: no column 'bord'; did you mean board?"),
        (FILTERED + '{ period = "moth" }', "#1.filter: period: 'moth' is unknown; did you mean month?"),
        (FILTERED + "{ board = 7 }", "#1.filter: board: must be a text in quotes, or a list of such"),
        (FILTERED + "{ board = [] }", "#1.filter: board: must not be empty"),
        (
            FILTERED + '{ bord = "x", period = ["week", "day"] }',
            "#1.filter: no column 'bord'; did you mean board?; period: 'day' is unknown; known here: week, month",
        ),
        (
            own("wip_aging.age_days", 'filter = { is_blocked = "yes" }'),
            "#1.filter: is_blocked: must be true or false, or a list of such",
        ),
    ],
)
def test_a_mistake_is_named_with_its_key_and_what_to_do(alert: str, line: str) -> None:
    assert problems(alert) == [line]


def test_all_mistakes_are_named_at_once() -> None:
    assert [line.partition(":")[0] for line in problems(
        'name = "a"\nmetric = "x.y"\ncomparison = "=="\nthreshold = 1\nfilter = { a = 1 }\nfoo = 1',
        'name = "old_work"\nseverity = "bad"\ntimes = 0',
    )] == ["#1.metric", "#1.comparison", "#1.foo", "#2.severity", "#2.times"]  # fmt: skip


def test_a_name_stands_for_one_rule() -> None:
    with pytest.raises(ConfigError, match="old_work: stands there twice; a rule has one name, and a name one rule"):
        load('name = "old_work"', 'name = "old_work"\nenabled = false')
