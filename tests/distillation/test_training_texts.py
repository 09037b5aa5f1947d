from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import PreTrainedTokenizerBase

from decortique.core import paths
from decortique.core.files import StageError
from decortique.core.settings import Compute
from decortique.distillation.objectives import LABELS as TARGET
from decortique.distillation.objectives import distillation_targets
from decortique.distillation.settings import LabelsTerm, LogitsTerm, Spans, Texts
from decortique.distillation.teacher import Teacher, TrainingTexts, sample_spans, teacher_outputs, training_texts
from decortique.models.batches import UNKNOWN, TokenRows
from decortique.models.folder import Manifest
from decortique.models.tokenizer import tokenize_texts
from decortique.models.vader import VaderClassifier
from tests.conftest import CLASSES, TEXTS
from tests.distillation.made import LABELS, POOL, TASK, write_split
from tests.models.test_bag_of_words import fitted

CPU = torch.device("cpu")
SPANS = {"copies": 1, "shortest": 0.3, "longest": 0.7}


def open_teacher(compute: Compute, name: str = "transformer") -> Teacher:
    return Teacher.load(paths.model(TASK, name), LABELS, compute, CPU)


@pytest.fixture
def transformer_teacher(project: Path, one_thread: Compute) -> Teacher:
    """Open the transformer of the project."""
    return open_teacher(one_thread)


def read_texts(
    teacher: Teacher, tokenizer: PreTrainedTokenizerBase, states: tuple[int, ...] = (), **texts: Any
) -> TrainingTexts:
    return training_texts(teacher, TASK, LABELS, Texts.model_validate(texts), states, tokenizer)


def lists(rows: TokenRows) -> list[tuple[int, ...]]:
    return [tuple(rows[index][1].tolist()) for index in range(len(rows))]


def tokens(tokenizer: PreTrainedTokenizerBase, texts: list[str]) -> list[tuple[int, ...]]:
    return [tuple(ids) for ids in tokenize_texts(tokenizer, texts).input_ids]


def write_model(kind: str, labels: list[str] = LABELS) -> str:
    """Write a model of another kind."""
    folder = paths.model(TASK, kind)
    folder.mkdir(parents=True)
    if kind == "bag-of-words":
        fitted().save(folder)
    Manifest(kind=kind, labels=labels).write(folder)
    return kind


def test_a_student_reads_the_training_texts_with_labels_and_teacher_outputs(
    transformer_teacher: Teacher, tokenizer: PreTrainedTokenizerBase, rows: TokenRows
) -> None:
    result = read_texts(transformer_teacher, tokenizer, states=(4,))
    assert lists(result.rows) == lists(rows)
    assert result.labels.tolist() == CLASSES
    assert result.unlabelled == 0
    assert transformer_teacher.headed
    expected = transformer_teacher.headed.predict(rows, batch_size=32).probability
    np.testing.assert_allclose(result.outputs.logits.softmax(-1), expected, atol=1e-5)
    assert {number: values.shape for number, values in result.outputs.states.items()} == {4: (32, 16)}


def test_spans_and_pool_follow_the_training_texts_with_their_own_outputs(
    transformer_teacher: Teacher, tokenizer: PreTrainedTokenizerBase, rows: TokenRows, tmp_path: Path
) -> None:
    result = read_texts(transformer_teacher, tokenizer, states=(2, 4), pool=True, spans=SPANS)
    cut = sample_spans(rows, ([2], [3]), Spans.model_validate(SPANS))
    assert lists(result.rows) == [*lists(rows), *lists(cut), *tokens(tokenizer, POOL)]
    assert len(result.rows) == 32 + 64 + 16
    assert result.labels.tolist() == [*CLASSES, *[UNKNOWN] * 80]
    assert result.unlabelled == 80
    assert transformer_teacher.headed
    expected = teacher_outputs(transformer_teacher.headed, result.rows, [2, 4], folder=tmp_path / "again")
    torch.testing.assert_close(result.outputs.logits, expected.logits, atol=1e-4, rtol=0)
    for number in (2, 4):
        torch.testing.assert_close(result.outputs.states[number], expected.states[number], atol=1e-4, rtol=0)


def test_the_labels_of_the_pool_never_reach_a_student(
    transformer_teacher: Teacher, tokenizer: PreTrainedTokenizerBase
) -> None:
    """They are wrong, so a student that saw them would be trained on them."""
    result = read_texts(transformer_teacher, tokenizer, pool=True)
    logits = LogitsTerm(term="logits", weight=1.0, temperature=1.0)
    known = distillation_targets(result, [LabelsTerm(term="labels", weight=1.0), logits])[TARGET]
    assert torch.equal(known[:32], torch.eye(2)[CLASSES])
    assert known[32:].isnan().all()
    alone = read_texts(transformer_teacher, tokenizer, train=False, pool=True)
    assert lists(alone.rows) == tokens(tokenizer, POOL)
    assert distillation_targets(alone, [logits])[TARGET].isnan().all()


def test_labels_of_the_teacher_are_its_predictions_for_every_text(
    transformer_teacher: Teacher, tokenizer: PreTrainedTokenizerBase
) -> None:
    result = read_texts(transformer_teacher, tokenizer, pool=True, spans=SPANS)
    known = distillation_targets(result, [LabelsTerm(term="labels", weight=1.0, of="teacher")])[TARGET]
    decided = result.outputs.logits.argmax(-1)
    assert torch.equal(known, torch.eye(2)[decided])
    assert decided[:32].tolist() != CLASSES


def test_a_training_text_without_a_label_is_one_that_only_the_teacher_labels(
    transformer_teacher: Teacher, tokenizer: PreTrainedTokenizerBase
) -> None:
    write_split("train", ["good", "bad", "film"], ["positive", "negative", None], tokenizer)
    result = read_texts(transformer_teacher, tokenizer)
    assert result.labels.tolist() == [1, 0, UNKNOWN]
    assert result.unlabelled == 1
    known = distillation_targets(result, [LabelsTerm(term="labels", weight=1.0)])[TARGET]
    assert known[:2].tolist() == [[0, 1], [1, 0]]
    assert known[2].isnan().all()


def test_a_larger_limit_adds_texts_and_changes_none(
    transformer_teacher: Teacher, tokenizer: PreTrainedTokenizerBase
) -> None:
    """Otherwise, a curve over amounts of text would compare samples, not amounts."""
    whole = read_texts(transformer_teacher, tokenizer, pool=True)
    known = {ids: (label, logits) for ids, label, logits in triples(whole)}
    before: set[tuple[int, ...]] = set()
    for limit in (1, 5, 12, 16, 31):
        result = read_texts(transformer_teacher, tokenizer, pool=True, limit=limit)
        assert len(result.rows) == min(limit, 32) + min(limit, 16)
        texts = {ids for ids, _, _ in triples(result)}
        assert texts > before
        before = texts
        assert all(known[ids] == (label, logits) for ids, label, logits in triples(result))
    assert lists(read_texts(transformer_teacher, tokenizer, limit=99).rows) == lists(
        read_texts(transformer_teacher, tokenizer).rows
    )


def triples(reading: TrainingTexts) -> list[tuple[tuple[int, ...], int, tuple[float, ...]]]:
    """Return each text with its label and its teacher output."""
    logits = [tuple(values) for values in reading.outputs.logits.tolist()]
    return list(zip(lists(reading.rows), reading.labels.tolist(), logits, strict=True))


def test_a_limit_takes_the_same_texts_for_every_teacher(
    transformer_teacher: Teacher, tokenizer: PreTrainedTokenizerBase, one_thread: Compute
) -> None:
    other = open_teacher(one_thread, write_model("vader"))
    assert lists(read_texts(other, tokenizer, limit=7).rows) == lists(
        read_texts(transformer_teacher, tokenizer, limit=7).rows
    )


def test_a_threshold_leaves_out_texts_of_low_teacher_confidence(
    transformer_teacher: Teacher, tokenizer: PreTrainedTokenizerBase
) -> None:
    whole = read_texts(transformer_teacher, tokenizer)
    sureness = whole.outputs.confidence
    threshold = sureness.median().item()
    result = read_texts(transformer_teacher, tokenizer, threshold=threshold)
    assert triples(result) == [one for one, sure in zip(triples(whole), sureness, strict=True) if sure >= threshold]
    assert 0 < len(result.rows) < 32
    few = read_texts(transformer_teacher, tokenizer, limit=10)
    both = read_texts(transformer_teacher, tokenizer, limit=10, threshold=threshold)  # of ten texts, not ten sure ones
    assert triples(both) == [
        one for one, sure in zip(triples(few), few.outputs.confidence, strict=True) if sure >= threshold
    ]


def test_pieces_are_cut_out_of_the_texts_that_are_read(
    transformer_teacher: Teacher, tokenizer: PreTrainedTokenizerBase
) -> None:
    result = read_texts(transformer_teacher, tokenizer, limit=3, spans=SPANS)
    assert len(result.rows) == 3 + 6
    own = {token for ids in lists(result.rows)[:3] for token in ids}
    assert {token for ids in lists(result.rows)[3:] for token in ids} <= own


@pytest.mark.parametrize(
    ("texts", "name"), [({}, "32 texts of train"), ({"train": False, "pool": True, "limit": 9}, "9 texts of pool")]
)
def test_a_teacher_that_is_sure_of_nothing_stops_the_stage(
    transformer_teacher: Teacher, tokenizer: PreTrainedTokenizerBase, texts: dict[str, Any], name: str
) -> None:
    with pytest.raises(StageError, match=rf"of {name}, the teacher is confident of none: lower texts\.threshold"):
        read_texts(transformer_teacher, tokenizer, threshold=1.0, **texts)


def test_vader_can_teach_by_its_probabilities(
    project: Path, tokenizer: PreTrainedTokenizerBase, one_thread: Compute
) -> None:
    teacher = open_teacher(one_thread, write_model("vader"))
    assert teacher.headed is None
    result = read_texts(teacher, tokenizer, pool=True)
    assert lists(result.rows) == tokens(tokenizer, [*TEXTS, *POOL])  # of the student: the teacher reads words
    expected = VaderClassifier().predict([*TEXTS, *POOL], lambda _: None).probability
    np.testing.assert_allclose(result.outputs.logits.softmax(-1), expected, atol=1e-5)
    assert result.outputs.states == {}
    assert result.unlabelled == 16


def test_a_bag_of_words_can_teach_by_its_probabilities(
    project: Path, tokenizer: PreTrainedTokenizerBase, one_thread: Compute
) -> None:
    texts = ["a superb thing", "dreadful and boring", "nothing of it"]
    write_split("train", texts, ["positive", "negative", "negative"], tokenizer)
    result = read_texts(open_teacher(one_thread, write_model("bag-of-words")), tokenizer)
    expected = fitted().predict(texts, lambda _: None).probability
    np.testing.assert_allclose(result.outputs.logits.softmax(-1), expected, atol=1e-5)
    assert result.outputs.logits.argmax(-1)[:2].tolist() == [1, 0]


@pytest.mark.parametrize("kind", ["vader", "bag-of-words"])
def test_pieces_are_refused_where_the_teacher_reads_words(
    project: Path, tokenizer: PreTrainedTokenizerBase, one_thread: Compute, kind: str
) -> None:
    teacher = open_teacher(one_thread, write_model(kind))
    with pytest.raises(StageError, match=rf"texts\.spans are tokens, which {kind} cannot read: use null"):
        read_texts(teacher, tokenizer, spans=SPANS)


def test_a_task_without_a_pool_is_reported(transformer_teacher: Teacher, tokenizer: PreTrainedTokenizerBase) -> None:
    (paths.corpus(TASK) / "pool.parquet").unlink()
    with pytest.raises(StageError, match=r"pool\.parquet is missing"):
        read_texts(transformer_teacher, tokenizer, pool=True)


def test_a_teacher_with_other_labels_is_refused(project: Path, one_thread: Compute) -> None:
    write_model("vader", ["positive", "negative"])
    with pytest.raises(StageError, match=r"vader predicts between \['positive', 'negative'\], not \['negative'"):
        open_teacher(one_thread, "vader")


def test_a_missing_teacher_is_reported_with_the_command_that_makes_it(project: Path, one_thread: Compute) -> None:
    with pytest.raises(StageError, match=r"nobody.*approach\.json is missing: run `dvc repro`"):
        open_teacher(one_thread, "nobody")
