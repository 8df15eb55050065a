"""What the orchestrator gets to see: a flow's name, stage names, a directory and a round's id, and nothing else."""

import ast
import json

import pytest
from source import functions, modules, run_python

PREFECT = """
import inspect, json
from functools import partial
from pathlib import Path
from flows import custodian, linkage_round, local_authority, statistics
from flows.stages import Stage, _as_task, as_flow
tables = [custodian.STAGES, linkage_round.STAGES, local_authority.STAGES, local_authority.QUESTION_STAGES, statistics.publish_stages(Path())]
seen = []
for stages in tables:
    for made in (as_flow("flow", stages), *(_as_task("flow", stage) for stage in stages)):
        said = inspect.signature(made.fn)
        seen.append({"parameters": {name: str(item.annotation) for name, item in said.parameters.items()}, "answer": str(said.return_annotation),
                     "kept": made.persist_result, "prints": made.log_prints})
from prefect.server.api.server import create_app
print(json.dumps({"server": type(create_app()).__name__, "seen": seen}))
"""


def decorated(tree):
    """Return the functions that are flows or tasks of Prefect's."""
    return [
        function
        for function in functions(tree)
        if any(
            ast.unparse(item.func if isinstance(item, ast.Call) else item).rpartition(".")[2] in {"flow", "task"}
            for item in function.decorator_list
        )
    ]


@pytest.fixture(scope="module")
def prefect(tmp_path_factory):
    """What Prefect makes of every flow and task, and of its own server."""
    home = str(tmp_path_factory.mktemp("prefect"))
    return json.loads(run_python("-c", PREFECT, PREFECT_HOME=home, PREFECT_LOGGING_LEVEL="CRITICAL"))


@pytest.mark.slow
def test_prefects_server_starts_beside_this_fastapi(prefect):
    assert prefect["server"] == "FastAPI"


@pytest.mark.slow
def test_flows_and_tasks_take_and_give_text_only(prefect):
    assert len(prefect["seen"]) >= 10
    for made in prefect["seen"]:
        assert made["parameters"] == {"directory": "<class 'str'>", "round_id": "<class 'str'>"}
        assert made["answer"] == "None"
        assert made["kept"] is False
        assert made["prints"] is False


def test_flows_and_tasks_are_made_in_one_place():
    places = {str(path): [function.name for function in decorated(tree)] for path, tree in modules().items() if decorated(tree)}
    assert places == {"flows/stages.py": ["run", "run"]}


def test_every_stage_is_a_table_row_of_a_flow():
    makers = {
        str(path)
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Stage"
    }
    assert makers == {"flows/custodian.py", "flows/linkage_round.py", "flows/local_authority.py", "flows/statistics.py"}
