from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard

from decortique.data.settings import TaskSection
from decortique.models.folder import describe_model
from tests.distillation.made import LOGITS_TERM, hidden, student_of
from tests.models.made_transformer import training

PARAMS = Path(__file__).parents[2] / "params.yaml"


def card(folder: Path, kind: str, settings: dict[str, Any], scores: dict[str, float] | None = None) -> ModelCard:
    describe_model(
        folder,
        name=f"opinion/{kind}",
        kind=kind,
        described=TaskSection.named("opinion", PARAMS),
        made="Made by a test.",
        made_from="nothing",
        settings=settings,
        scores=scores or {},
        limits="None.",
    )
    return ModelCard.load(folder / "README.md")


def parameters(model_card: ModelCard) -> dict[str, str]:
    """Return the table of parameters."""
    lines = model_card.text.split("## Parameters")[1].split("## Scores")[0].splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    assert rows[0] == ["parameter", "value"]
    assert all(len(row) == 2 for row in rows)
    return {row[0]: row[1] for row in rows[1:]}


@pytest.mark.parametrize(
    ("kind", "library", "use"),
    [
        ("bag-of-words", "sklearn", "load_classifier"),
        ("transformer", "transformers", "pipeline"),
        ("static", None, "load_classifier"),
    ],
)
def test_a_model_card_says_what_the_model_is_and_how_to_use_it(
    tmp_path: Path, kind: str, library: str | None, use: str
) -> None:
    task = TaskSection.named("opinion", PARAMS)
    model_card = card(tmp_path, kind, task.split.model_dump(), {"accuracy": 0.875})
    data: dict[str, Any] = vars(model_card.data)
    assert (data["library_name"], data["language"]) == (library, "en")
    for part in (
        "`negative` and `positive`",
        task.licence,
        "| accuracy | 0.8750 |",
        "| validation | 0.1 |",
        f"data/models/opinion/{kind}",
        use,
    ):
        assert part in model_card.text
    assert str(tmp_path) not in model_card.content


@pytest.mark.parametrize("kind", ["bag-of-words", "transformer", "static"])
def test_the_code_in_a_card_is_python_without_unused_imports(tmp_path: Path, kind: str) -> None:
    shown = card(tmp_path, kind, {}).text.split("```python")[1].split("```")[0]
    compile(shown, "README.md", "exec")
    imported = [line.split()[-1] for line in shown.splitlines() if line.startswith(("import ", "from "))]
    body = "\n".join(line for line in shown.splitlines() if not line.startswith(("import ", "from ")))
    assert imported
    assert all(name in body for name in imported)


def test_a_setting_of_a_group_is_named_in_full(tmp_path: Path) -> None:
    """The loss of a student is a list of terms, each named by its index."""
    student = student_of(LOGITS_TERM, hidden(layers={1: 2, 2: 4}))
    settings = {**student.model_dump(), "training": training(optim_args={"eps": 1e-6}).model_dump()}
    model_card = parameters(card(tmp_path, "transformer", settings))
    assert (
        model_card.items()
        >= {
            "kind": "transformer",
            "start.weights": "teacher",
            "start.layers": "[0, 2]",
            "start.width": "None",
            "loss.0.term": "logits",
            "loss.0.temperature": "2.0",
            "loss.1.term": "hidden",
            "loss.1.layers.1": "2",
            "loss.1.layers.2": "4",
            "texts.train": "True",
            "texts.spans": "None",
            "training.learning_rate": "0.005",
            "training.optim_args.eps": "1e-06",
            "training.lr_scheduler_kwargs": "{}",
        }.items()
    )


def test_a_card_of_an_untrained_model_shows_no_scores(tmp_path: Path) -> None:
    model_card = card(tmp_path, "bag-of-words", {"ngrams": [1, 2], "stop_words": []})
    assert parameters(model_card) == {"ngrams": "[1, 2]", "stop_words": "[]"}
    assert "Those on validation" not in model_card.text
