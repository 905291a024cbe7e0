"""The lines of reports/README.md for schedulers are what those schedulers read, and call a command that there is."""

import ast
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from smm_analysis.cli import main
from smm_analysis.report.grid import read_grid

TEXT = (Path(__file__).parents[1] / "reports" / "README.md").read_text(encoding="utf-8")


def snippets(language):
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def only(language):
    [snippet] = snippets(language)
    return snippet


def commands():
    """Return every `smm report ...` in the page, as its arguments."""
    quoted = re.findall(
        r"\bsmm(?:\.exe)? (report [^\"\n>`]+)|ARGS=\"([^\"]+)\"",
        "\n".join(re.findall(r"```\w+\n.*?```", TEXT, re.DOTALL)),
    )
    return [shlex.split(first or f"report {second}") for first, second in quoted]


def test_every_command_has_options_that_there_are():
    found = commands()
    assert len(found) >= 6
    known = {option for parameter in main.commands["report"].params for option in parameter.opts}
    for arguments in found:
        assert {word for word in arguments if word.startswith("-")} <= known
    assert CliRunner().invoke(main, ["report", "--help"]).exit_code == 0


def in_range(field, low, high):
    return field == "*" or all(low <= int(number) <= high for number in re.split("[,-]", field))


def test_the_crontab_line_has_five_fields_and_a_command():
    minute, hour, day, month, weekday, command = only("cron").split(None, 5)
    ranges = [(minute, 0, 59), (hour, 0, 23), (day, 1, 31), (month, 1, 12), (weekday, 0, 7)]
    assert all(in_range(*field) for field in ranges)
    assert "%" not in command  # cron would end the command there
    subprocess.run(["sh", "-n", "-c", command], check=True)


def test_systemd_takes_the_service_and_the_timer(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    service, timer = snippets("ini")
    (tmp_path / "smm-report.service").write_text(
        service.replace("/srv/smm/.venv/bin/smm", "/bin/true").replace("/srv/smm", "/")
    )
    (tmp_path / "smm-report.timer").write_text(timer)
    units = [str(tmp_path / f"smm-report.{kind}") for kind in ("service", "timer")]
    run = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    about_ours = [line for line in run.stderr.splitlines() if "smm-report" in line]
    assert (run.returncode, about_ours) == (0, []), run.stderr
    when = re.search("OnCalendar=(.*)", timer)[1]
    assert (
        "Mon"
        in subprocess.run(["systemd-analyze", "calendar", when], capture_output=True, text=True, check=True).stdout
    )


def test_the_windows_task_is_one_line_that_schtasks_can_split():
    words = shlex.split(only("bat"), posix=False)
    options = dict(zip(words[2::2], words[3::2], strict=True))
    assert words[:2] == ["schtasks", "/Create"]
    assert options["/SC"] == "WEEKLY"
    assert options["/D"] == "MON"
    assert re.fullmatch(r"\d\d:\d\d", options["/ST"])
    assert len(options["/TR"]) <= 261  # the longest that schtasks takes


def test_the_airflow_dag_compiles_and_calls_the_runner():
    tree = ast.parse(only("python"))
    compile(tree, "dag", "exec")
    [call] = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "BashOperator"
    ]
    command = next(keyword.value.value for keyword in call.keywords if keyword.arg == "bash_command")
    subprocess.run(["sh", "-n", "-c", command], check=True)


def test_the_workflow_is_yaml_with_a_schedule_and_steps():
    workflow = next(yaml.safe_load(text) for text in snippets("yaml") if "jobs:" in text)
    triggers = workflow[True]  # YAML 1.1 reads the key `on` as true; GitHub does not
    assert triggers["schedule"] == [{"cron": "30 6 * * 1"}]
    steps = workflow["jobs"]["report"]["steps"]
    assert all(("uses" in step) != ("run" in step) for step in steps)


def test_the_grid_is_one(tmp_path):
    (tmp_path / "grid.yaml").write_text(next(text for text in snippets("yaml") if "parameters:" in text))
    assert len(read_grid(tmp_path / "grid.yaml").points) == 4
