from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from decortique.core.files import StageError
from decortique.core.settings import Compute
from decortique.distillation import objectives
from decortique.distillation.objectives import logits_objective
from decortique.distillation.student import set_up_student
from decortique.distillation.teacher import Teacher, TrainingTexts, teacher_outputs
from decortique.models.batches import UNKNOWN, Collate, TokenRows
from decortique.models.heads import Headed
from decortique.models.losses import cross_entropy
from decortique.models.pretrained import new_classifier
from tests.conftest import CLASSES, write_encoder
from tests.distillation.made import (
    ATTENTION_TERM,
    INDICES,
    LABELS,
    LABELS_TERM,
    LOGITS_TERM,
    RELATIONS_TERM,
    Described,
    Prepare,
    PreparedStudent,
    hidden,
    student_of,
)
from tests.models.made_transformer import training

ALL_TERMS = [LABELS_TERM, LOGITS_TERM, hidden(), ATTENTION_TERM, RELATIONS_TERM]


class Seen(NamedTuple):
    """What student and teacher make of a batch, each run by itself."""

    own: Any
    prepared: Any
    mask: torch.Tensor
    first: torch.Tensor  # the mask of the first token alone


def seen(prepared: PreparedStudent, teacher: PreTrainedModel) -> Seen:
    rows = prepared.reading.rows
    batch = Collate(0, {})([rows[index] for index in INDICES])
    with torch.no_grad():
        own, other = (
            model.eval()(**batch, output_hidden_states=True, output_attentions=prepared.setup.states == [])
            for model in (prepared.student_model.classifier, teacher)
        )
    return Seen(own, other, batch["attention_mask"], batch["attention_mask"][:, :1])


def mean(*costs: torch.Tensor) -> torch.Tensor:
    return torch.stack(costs).mean()


def states(distance: Callable[..., torch.Tensor], one: Seen, layers: dict[int, int], *, every: bool) -> torch.Tensor:
    """Return the cost of different states, layer by layer."""
    tokens = slice(None) if every else slice(1)
    return mean(
        *(
            distance(
                one.own.hidden_states[own][:, tokens],
                one.prepared.hidden_states[other][:, tokens],
                one.mask if every else one.first,
            )
            for own, other in layers.items()
        )
    )


HARD = torch.eye(2)[CLASSES][INDICES]
DEFAULT = {1: 2, 2: 4}  # the work of each layer of [0, 2]
Expected = Callable[[Seen], torch.Tensor]
CASES: dict[str, tuple[Described, Expected]] = {
    "labels": (LABELS_TERM, lambda one: cross_entropy(one.own.logits, HARD).mean()),
    "labels of the teacher": (
        {**LABELS_TERM, "of": "teacher"},
        lambda one: cross_entropy(one.own.logits, torch.eye(2)[one.prepared.logits.argmax(-1)]).mean(),
    ),
    "logits": (
        {**LOGITS_TERM, "temperature": 3.0},
        lambda one: objectives.soft_target_kl(one.own.logits, one.prepared.logits, 3.0),
    ),
    "hidden": (hidden(), lambda one: states(objectives.cosine, one, DEFAULT, every=False)),
    "hidden, squared": (hidden(distance="mse"), lambda one: states(objectives.mse, one, DEFAULT, every=False)),
    "hidden, all tokens": (hidden(tokens="all"), lambda one: states(objectives.cosine, one, DEFAULT, every=True)),
    "hidden, all tokens, squared": (
        hidden(tokens="all", distance="mse"),
        lambda one: states(objectives.mse, one, DEFAULT, every=True),
    ),
    "hidden, own layers": (
        hidden(distance="mse", layers={0: 1, 2: 3}),
        lambda one: states(objectives.mse, one, {0: 1, 2: 3}, every=False),
    ),
    "attention": (
        ATTENTION_TERM,
        lambda one: mean(
            objectives.attention_kl(one.own.attentions[0], one.prepared.attentions[1], one.mask),
            objectives.attention_kl(one.own.attentions[1], one.prepared.attentions[3], one.mask),
        ),
    ),
    "attention, own layers": (
        {**ATTENTION_TERM, "layers": {2: 1}},
        lambda one: objectives.attention_kl(one.own.attentions[1], one.prepared.attentions[0], one.mask),
    ),
    "relations": (
        RELATIONS_TERM,
        lambda one: objectives.similarity_mse(one.own.hidden_states[2][:, 0], one.prepared.hidden_states[4][:, 0]),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_term_is_its_objective_times_its_weight(prepare: Prepare, teacher: PreTrainedModel, case: str) -> None:
    term, expected = CASES[case]
    prepared = prepare(term)
    cost = expected(seen(prepared, teacher)).item()
    assert cost > 1e-5
    assert prepared.terms() == {term["term"]: pytest.approx(cost, rel=1e-3)}
    half = prepare({**term, "weight": 0.5})
    assert half.terms() == {term["term"]: pytest.approx(cost / 2, rel=1e-3)}


def test_terms_add_up_each_under_its_own_name(prepare: Prepare) -> None:
    together = prepare(*ALL_TERMS).terms()
    assert list(together) == ["labels", "logits", "hidden", "attention", "relations"]
    for term in ALL_TERMS:
        assert prepare(term).terms() == {term["term"]: pytest.approx(together[term["term"]], rel=1e-3)}


def test_texts_that_only_the_teacher_labels_are_left_out_of_the_labels(prepare: Prepare) -> None:
    labels = [UNKNOWN if index in INDICES[:2] else label for index, label in enumerate(CLASSES)]
    prepared, whole = prepare(LABELS_TERM, labels=labels), prepare(LABELS_TERM)
    assert prepared.terms() == pytest.approx(whole.terms(INDICES[2:]), rel=1e-4)
    assert prepared.terms(INDICES[2:]) == whole.terms(INDICES[2:])


def test_an_unlabelled_batch_trains_by_its_other_terms(prepare: Prepare) -> None:
    prepared = prepare(LABELS_TERM, LOGITS_TERM, labels=[UNKNOWN] * 32)
    terms = prepared.setup.objective(prepared.setup.model, prepared.batch())
    assert terms["labels"].item() == 0
    cost = torch.stack(list(terms.values())).sum()
    gradients = torch.autograd.grad(cost, list(prepared.student_model.parameters()))
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert max(gradient.abs().max().item() for gradient in gradients) > 0


@pytest.mark.parametrize("live", [ATTENTION_TERM, {**hidden(), "tokens": "all"}], ids=["attention", "all tokens"])
@pytest.mark.parametrize("problem", [None, "multi_label_classification"])
def test_a_teacher_run_on_each_batch_gives_its_cached_outputs(
    prepare: Prepare, teacher: PreTrainedModel, live: Described, problem: str | None
) -> None:
    teacher.config.problem_type = problem
    kept = prepare(LOGITS_TERM, hidden(), RELATIONS_TERM)
    assert kept.setup.states == [2, 4]
    others = [LOGITS_TERM, RELATIONS_TERM, *([hidden()] if live["term"] == "attention" else [])]
    prepared = prepare(live, *others)
    assert prepared.setup.states == []
    assert prepared.reading.outputs.states == {}
    actual, expected = prepared.terms(), kept.terms()
    for term in others:
        assert actual[term["term"]] == pytest.approx(expected[term["term"]], rel=1e-3)


def test_only_the_compared_states_of_the_teacher_are_kept(prepare: Prepare) -> None:
    assert prepare(LOGITS_TERM).setup.states == []
    assert prepare(hidden(layers={0: 0, 1: 3})).setup.states == [0, 3]
    assert prepare(RELATIONS_TERM).setup.states == [4]
    assert prepare(RELATIONS_TERM, hidden(layers={1: 1})).setup.states == [1, 4]


@pytest.mark.parametrize("tokens", ["first", "all"])
def test_a_narrower_student_learns_through_a_projection_of_its_own(
    prepare: Prepare, teacher: PreTrainedModel, tokens: str
) -> None:
    term = hidden(distance="mse", tokens=tokens)
    prepared = prepare(term, weights="random", width=8)
    one = seen(prepared, teacher)
    with torch.no_grad():
        wider = tuple(
            prepared.student_model.projected(number, state) for number, state in enumerate(one.own.hidden_states)
        )
    assert [state.shape[-1] for state in wider] == [8, 16, 16]  # the embeddings are not compared
    one.own.hidden_states = wider
    expected = states(objectives.mse, one, DEFAULT, every=tokens == "all").item()
    assert prepared.terms() == {"hidden": pytest.approx(expected, rel=1e-4)}
    trained = dict(prepared.student_model.projections.named_parameters())
    assert len(trained) == 2
    cost = prepared.setup.objective(prepared.setup.model, prepared.batch())["hidden"]
    assert all(gradient.abs().max() > 0 for gradient in torch.autograd.grad(cost, list(trained.values())))


def test_a_student_as_wide_as_its_teacher_has_no_projection(prepare: Prepare) -> None:
    prepared = prepare(hidden())
    assert len(prepared.student_model.projections) == 0
    state = torch.randn(2, 3, 16)
    assert prepared.student_model.projected(1, state) is state


@pytest.mark.parametrize(
    ("term", "message"),
    [
        (hidden(layers={1: 5}), "the term hidden compares layer 1 with 5: the student has 0 to 2, its teacher 0 to 4"),
        (hidden(layers={1: 2, 3: 4}), "the term hidden compares layer 3 with 4"),
        (
            {**ATTENTION_TERM, "layers": {0: 1}},
            "the term attention compares layer 0 with 1: the student has 1 to 2, its teacher 1 to 4",
        ),
        ({**ATTENTION_TERM, "layers": {1: 0}}, "the term attention compares layer 1 with 0"),
        ({**ATTENTION_TERM, "layers": {2: 5}}, "the term attention compares layer 2 with 5"),
    ],
)
def test_a_missing_layer_is_refused_with_the_available_ones(prepare: Prepare, term: Described, message: str) -> None:
    with pytest.raises(StageError, match=message):
        prepare(term)


@pytest.mark.parametrize("term", [hidden(), ATTENTION_TERM, RELATIONS_TERM], ids=["hidden", "attention", "relations"])
def test_hidden_terms_are_refused_for_a_teacher_without_hidden_states(
    deep: Path, tokenizer: PreTrainedTokenizerBase, one_thread: Compute, term: Described
) -> None:
    vader = Teacher(deep, None, one_thread)
    student = student_of(LOGITS_TERM, term, weights="encoder")
    with pytest.raises(StageError, match=rf"the teacher is no transformer and has no {term['term']}: leave it out"):
        set_up_student(student, vader, deep, tokenizer, LABELS, training())
    plain = set_up_student(student_of(LOGITS_TERM, weights="encoder"), vader, deep, tokenizer, LABELS, training())
    assert plain.states == []


def test_a_student_of_all_layers_has_no_loss(prepare: Prepare) -> None:
    for terms in (
        [LOGITS_TERM, hidden(), RELATIONS_TERM],
        [LOGITS_TERM, hidden(tokens="all", distance="mse"), ATTENTION_TERM],
    ):
        prepared = prepare(*terms, layers=[0, 1, 2, 3])
        assert prepared.terms() == {term["term"]: pytest.approx(0, abs=1e-6) for term in terms}
    shorter = prepare(LOGITS_TERM, hidden(), ATTENTION_TERM, RELATIONS_TERM).terms()
    assert min(shorter.values()) > 1e-5


def test_a_teacher_run_on_each_batch_uses_no_dropout(
    deep: Path, rows: TokenRows, tokenizer: PreTrainedTokenizerBase, tmp_path: Path, one_thread: Compute
) -> None:
    teacher = new_classifier(deep, LABELS, dropout=0.5, seed=0)
    student, headed = student_of(ATTENTION_TERM, layers=[0, 1, 2, 3]), Headed(teacher, "polarity").eval()
    setup = set_up_student(student, Teacher(deep, headed, one_thread), deep, tokenizer, LABELS, training(dropout=0.0))
    reading = TrainingTexts(rows, np.array(CLASSES), teacher_outputs(headed, rows, [], folder=tmp_path))
    setup.model.train()
    with torch.no_grad():
        terms = setup.objective(setup.model, PreparedStudent(student, setup, reading).batch())
    assert terms["attention"].item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("family", ["fnet", "yoso", "longformer"])
def test_a_family_without_full_attention_maps_is_named(
    tmp_path: Path, tokenizer: PreTrainedTokenizerBase, rows: TokenRows, one_thread: Compute, family: str
) -> None:
    """Fourier transforms, hashes and windows: there is nothing to compare token by token."""
    folder = write_encoder(tmp_path / family, family)
    headed = Headed(new_classifier(folder, LABELS, dropout=0.0, seed=0).eval(), "polarity")
    student = student_of(ATTENTION_TERM, layers=[0])
    setup = set_up_student(student, Teacher(folder, headed, one_thread), folder, tokenizer, LABELS, training())
    reading = TrainingTexts(rows, np.array(CLASSES), teacher_outputs(headed, rows, [], folder=tmp_path / "cache"))
    with pytest.raises(StageError, match=f"a {family} shows no attention maps: leave that term out"):
        setup.objective(setup.model, PreparedStudent(student, setup, reading).batch())


def test_a_student_without_hidden_states_is_compared_by_its_logits(prepare: Prepare) -> None:
    prepared = prepare(LABELS_TERM, {**LOGITS_TERM, "weight": 0.25})

    def logits(input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        return prepared.student_model.classifier(input_ids=input_ids, attention_mask=attention_mask).logits

    class Box(torch.nn.Module):
        forward = staticmethod(logits)

    with torch.no_grad():
        actual = logits_objective(prepared.student.loss)(Box(), prepared.batch())
    assert {name: value.item() for name, value in actual.items()} == pytest.approx(prepared.terms(), rel=1e-5)
