from pathlib import Path

from huggingface_hub import ModelCard

from stages.classifiers.card import write_card
from stages.settings.task import TaskSection

PARAMS = Path(__file__).parents[2] / "params.yaml"


def test_a_model_card_says_what_the_model_is_and_how_to_use_it(tmp_path: Path) -> None:
    task = TaskSection.load(PARAMS).root["opinion"]
    for kind, library in (("bag-of-words", "sklearn"), ("transformer", "transformers")):
        write_card(
            tmp_path,
            name=f"opinion/{kind}",
            kind=kind,
            task=task,
            made="Made by a test.",
            made_from="nothing",
            settings=task.split,
            scores={"accuracy": 0.875},
            limits="None.",
        )
        card = ModelCard.load(tmp_path / "README.md")
        assert card.data.to_dict()["library_name"] == library
        assert card.data.to_dict()["language"] == "en"
        for part in (
            "`negative` and `positive`",
            task.licence,
            "| accuracy | 0.8750 |",
            "| validation | 0.1 |",
            f"data/models/opinion/{kind}",
        ):
            assert part in card.text
        assert str(tmp_path) not in card.content
