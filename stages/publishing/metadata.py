"""What the hub reads of a card: licence, languages, where it comes from, scores."""

from collections.abc import Iterator

from huggingface_hub import EvalResult, ModelCardData

from stages.publishing.made import Made
from stages.publishing.origin import OTHER, Origin
from stages.publishing.results import Results, Scores, split_of

PIPELINE = "text-classification"
# Measure → its type on the hub, the name that is shown there, arguments.
SHOWN = {
    "accuracy": ("accuracy", "Accuracy", None),
    "macro_f1": ("f1", "Macro F1", {"average": "macro"}),
    "roc_auc": ("roc_auc", "ROC-AUC", None),
    "log_loss": ("log_loss", "Log-loss", None),
}


def metadata(name: str, task: str, made: Made, origin: Origin, results: Results) -> ModelCardData:
    """Gives the head of a card.

    Args:
        name: of the model.
        task: its name.
        made: how the model was made.
        origin: what from.
        results: its scores, each of which becomes one of the hub's.
    """
    licence = origin.licence(made.kind)
    found = [one for set_name, scores in results.sets.items() for one in _evaluated(task, set_name, scores, origin)]
    return ModelCardData(
        language=origin.task.language,
        license=licence.identifier,
        license_name="see-card" if licence.identifier == OTHER else None,
        library_name=made.library,
        pipeline_tag=PIPELINE,
        tags=["decortique", made.kind],
        base_model=origin.base_model(made.kind),
        datasets=origin.datasets() or None,
        metrics=list(dict.fromkeys(one.metric_type for one in found)),
        model_name=name,
        eval_results=found,
    )


def _evaluated(task: str, set_name: str, scores: Scores, origin: Origin) -> Iterator[EvalResult]:
    split = split_of(set_name)
    shown = [(scores[measure]["value"], *described) for measure, described in SHOWN.items() if measure in scores] + [
        (found["value"], "f1", f"F1 of {label}", None) for label, found in scores.get("f1", {}).items()
    ]
    for value, kind, name, arguments in shown:
        yield EvalResult(
            task_type=PIPELINE,
            task_name="Text Classification",
            dataset_type=task,
            dataset_name=f"{origin.task.title} ({set_name})",
            dataset_split=split,
            metric_type=kind,
            metric_value=value,
            metric_name=name,
            metric_args=arguments,
        )
