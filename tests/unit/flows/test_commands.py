"""Each command prints one JSON object with --json, or one line of error with its exit code."""

import json
from pathlib import Path

import pytest

from flows.command import COMMANDS, GROUPS, main
from flows.commands import doctor as doctor_command
from flows.commands.demo import _show
from schemas import errors

LEFT = (
    "rid,ent,given,surname,dob,postcode,address\na1,e1,Ada,Ash,19850203,CF10 3NP,1 Long Lane\na2,e2,Ben,Elm,19700405,CF11 4AA,2 Long Lane\n"
)
RIGHT = (
    "rid,ent,given,surname,dob,postcode,address\nb1,e1,Ada,Ash,19850203,CF10 3NP,1 Long Lane\nb2,e3,Cai,Fir,19910607,CF12 5BB,3 Long Lane\n"
)


@pytest.fixture
def two_files(tmp_path):
    (tmp_path / "left.csv").write_text(LEFT, encoding="utf-8")
    (tmp_path / "right.csv").write_text(RIGHT, encoding="utf-8")
    return tmp_path / "left.csv", tmp_path / "right.csv"


def test_every_command_is_in_a_group_that_is_described():
    assert {path[0] for path, _, _ in COMMANDS if len(path) > 1} == set(GROUPS)


def test_evaluate_prints_figures_and_writes_links(kinlink, two_files, tmp_path):
    code, said, _ = kinlink("evaluate", *two_files, "--links", tmp_path / "links.csv")
    assert (code, said["pairs"], said["precision"], said["recall"]) == (0, 1, 1.0, 1.0)
    assert (tmp_path / "links.csv").read_text(encoding="utf-8").splitlines()[1].startswith("a1,b1,")


def test_evaluate_knows_a_profile_for_a_small_scope(kinlink, two_files):
    code, said, _ = kinlink("evaluate", *two_files, "--profile", "small-scope")
    assert (code, said["pairs"]) == (0, 1)


def test_without_json_figures_are_lines(two_files, capsys):
    assert main(["evaluate", *map(str, two_files)]) == 0
    printed = capsys.readouterr().out
    assert "precision       1.0" in printed
    assert not printed.startswith("{")


def test_doctor_says_what_is_usable(kinlink):
    code, said, _ = kinlink("doctor")
    assert (code, said) == (0, {"usable": True, "faults": []})


def test_doctor_names_each_fault_and_how_to_mend_it(kinlink, tmp_path):
    tmp_path.chmod(0o755)
    code, said, told = kinlink("doctor", "--dir", tmp_path)
    assert code == errors.ConfigurationError.exit_code
    assert said["usable"] is False
    assert [fault["mend"] for fault in said["faults"] if "others can read" in fault["what"]] == [f"chmod 700 {tmp_path}"]
    assert told.startswith("kinlink: error: ")


def test_doctor_sees_a_key_that_others_can_read(kinlink, tmp_path):
    kinlink("party", "init", "--kind", "key-holder", "--dir", tmp_path / "holder")
    key = next((tmp_path / "holder" / "keys").iterdir())
    key.chmod(0o644)
    _, said, _ = kinlink("doctor", "--dir", tmp_path / "holder")
    assert f"others can read {key.name}" in [fault["what"] for fault in said["faults"]]


def test_synth_prints_what_it_wrote(kinlink, tmp_path):
    code, said, _ = kinlink("synth", "--out", tmp_path / "made", "--people", 300, "--seed", 3, "--prevalence", "demo")
    assert (code, said["people"]) == (0, 300)
    assert (tmp_path / "made" / "truth" / "records.csv").exists()


def test_score_compares_referrals_with_the_truth(kinlink, tmp_path):
    kinlink("synth", "--out", tmp_path / "made", "--people", 600, "--seed", 3, "--prevalence", "demo")
    (tmp_path / "collected.json").write_text(json.dumps({"W06000015": {"referrals": []}}), encoding="utf-8")
    code, said, _ = kinlink("score", "--truth", tmp_path / "made" / "truth", "--collected", tmp_path / "collected.json")
    assert (code, said["tokens_released"], said["precision"], said["recall"]) == (0, 0, None, 0.0)


def test_a_node_is_made_for_its_owner_alone(kinlink, tmp_path):
    code, said, _ = kinlink(
        "party", "init", "--kind", "police", "--dir", tmp_path / "force", "--organisation", "police-gwent", "--name", "Gwent Police"
    )
    assert code == 0
    assert (said["organisation"]["organisation"], said["organisation"]["name"]) == ("police-gwent", "Gwent Police")
    assert [str(path) for path in (tmp_path / "force").rglob("*") if path.stat().st_mode & 0o077] == []


def test_a_node_is_not_made_twice(kinlink, tmp_path):
    kinlink("party", "init", "--kind", "police", "--dir", tmp_path / "force")
    code, said, told = kinlink("party", "init", "--kind", "police", "--dir", tmp_path / "force")
    assert (code, said) == (11, None)
    assert "there is a node already" in told


def test_a_service_and_an_operator_are_made(kinlink, tmp_path):
    code, said, _ = kinlink("service", "init", "--dir", tmp_path / "service")
    assert (code, said["organisation"]["kind"]) == (0, "linkage-service")
    code, said, _ = kinlink("round", "operator", "--dir", tmp_path / "alex", "--name", "operator-1")
    assert (code, said["identity"]["key_id"]) == (0, "linkage-service/operator-1")


def test_a_service_that_is_down_is_said_to_be(kinlink, tmp_path):
    kinlink("service", "init", "--dir", tmp_path / "service", "--port", 9)
    code, said, told = kinlink("service", "status", "--dir", tmp_path / "service")
    assert (code, said) == (errors.ServiceError.exit_code, None)
    assert "kinlink service serve" in told


NO_NODE = {
    "party check": ("--dir", "{0}"),
    "party submit": ("--dir", "{0}", "--round", "r-1"),
    "party collect": ("--dir", "{0}", "--round", "r-1"),
    "keys issue": ("--dir", "{0}", "--round", "r-1"),
    "service serve": ("--dir", "{0}"),
    "service link": ("--dir", "{0}", "--round", "r-1"),
    "round status": ("--dir", "{0}", "--round", "r-1"),
    "statistics publish": ("--dir", "{0}", "--round", "r-1", "--out", "{0}/tables"),
    "party install": ("--roster", "{0}/roster.json", "--agreement", "{0}/a.json", "--roots", "{0}/roots.json", "--trust", "{0}/ca.pem"),
}


@pytest.mark.parametrize("command", NO_NODE)
def test_where_there_is_nothing_an_error_of_one_line_says_what_to_do(capsys, tmp_path, command):
    code = main([*command.split(), *(text.format(tmp_path) for text in NO_NODE[command])])
    printed, told = capsys.readouterr()
    assert (code, printed) == (errors.ConfigurationError.exit_code, "")
    assert len(told.splitlines()) == 1
    assert told.startswith("kinlink: error: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", errors.USER_ERRORS.values(), ids=lambda error: error.__name__)
def test_every_error_has_its_exit_code(monkeypatch, capsys, error):
    def fail(_directory):
        raise error("receptions.csv, row 2: a rule; what to do")

    monkeypatch.setattr(doctor_command, "_machine", fail)
    assert main(["doctor"]) == error.exit_code
    assert capsys.readouterr().err == "kinlink: error: receptions.csv, row 2: a rule; what to do\n"


def test_exit_codes_are_different_and_stable():
    codes = {name: error.exit_code for name, error in errors.USER_ERRORS.items()}
    assert codes == {
        "ExtractError": 10, "ConfigurationError": 11, "AgreementError": 12, "SubmissionError": 13, "AuthenticationError": 14,
        "NotPermittedError": 15, "SealError": 16, "TokenError": 17, "BudgetError": 18, "RoundError": 19, "ServiceError": 20, "AlarmError": 21,
    }  # fmt: skip
    assert errors.CodedError("stage", 10).exit_code == 30


def test_a_bug_is_said_on_one_line_with_its_place_and_without_its_text(monkeypatch, capsys):
    def fail(_directory):
        raise ZeroDivisionError("Qzxsurname")

    monkeypatch.setattr(doctor_command, "_machine", fail)
    assert main(["doctor"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("kinlink: fault: ZeroDivisionError at test_commands.py:")
    assert said.count("\n") == 1
    assert "Qzxsurname" not in said


def test_an_interrupt_is_a_line_and_exit_code_130(monkeypatch, capsys):
    def stop(_directory):
        raise KeyboardInterrupt

    monkeypatch.setattr(doctor_command, "_machine", stop)
    assert main(["doctor"]) == 130
    assert capsys.readouterr().err.startswith("kinlink: stopped; ")


@pytest.mark.parametrize("argv", [["demo", "--people", "10"], ["doctor", "--nonsense"], ["evaluate"], ["party", "init"], ["evaluat"]])
def test_a_command_line_that_is_not_one_is_refused(argv, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as raised:
        main(argv)
    assert raised.value.code not in (0, None)
    printed, told = capsys.readouterr()
    assert printed + told
    assert list(tmp_path.iterdir()) == []


def test_every_command_says_what_it_does(capsys):
    for path, _, text in COMMANDS:
        assert main([*path, "--help"]) == 0
        assert text.split()[0] in capsys.readouterr().out


def test_the_version_is_the_packages(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == "0.1.0"


def test_the_demos_table_names_every_authority(capsys):
    row = {"children_true": 3, "tokens_released": 2, "tokens_wrong": 1, "children_missed": 2}
    summary = {
        "people": None, "prevalence": None, "precision": 0.5, "recall": None, "children_true": 3, "sent_to_review": 10, "seconds_total": 1.5, "processes": [1, 2],
        "tokens_wrong_by_cause": {"twin": 1, "moved": 0}, "per_authority": {"W06000015": row},
        "questions": {"authorities": 1, "records": 41}, "events": {"published": 40, "for_cases": 3},
        "statistics": {"value": 12, "lower": 2, "upper": 22, "epsilon": 1.0},
        "on_controls": {"this_round": {"recall": {"share": 0.9, "of": 77}, "misidentification": {"wrong": 0, "released": 69, "verdict": "not enough evidence"}}},
    }  # fmt: skip
    _show(summary, Path("out"))
    printed = capsys.readouterr().out
    for text in (
        "W06000015",
        "50.0% of tokens",
        "wrong: 1 twin",
        "none of 3 children",
        "90.0% of 77 planted families found; 0 of 69 released are wrong (not enough evidence, on controls)",
        "12 children (2 to 22)",
        "from the population given",
    ):
        assert text in printed
