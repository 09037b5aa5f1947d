"""Stage `dissect`: the model of a task → its steps, shapes, attention maps, hidden states in a plane."""

from decortique.core import paths
from decortique.core.command import TaskName, run
from decortique.core.files import new_folder, write_json
from decortique.core.plots import plane_of
from decortique.core.settings import Compute
from decortique.diagnosis import anatomy
from decortique.diagnosis.plots import draw_attention, draw_layers, draw_parameters
from decortique.diagnosis.settings import Dissect
from decortique.models.batches import TokenRows
from decortique.models.heads import load_headed
from decortique.models.pretrained import prepare_device
from decortique.models.tokenizer import load_tokenizer, tokenize_texts


def dissect(task: TaskName) -> None:
    """Dissect the fine-tuned model of a task on a few sentences: every step, attention maps, hidden states."""
    sentences, device = Dissect.load().sentences, prepare_device(Compute.load())
    model = load_headed(paths.model(task, "transformer")).to(device)
    tokenizer = load_tokenizer(paths.model(task, "transformer"))
    tokenized = tokenize_texts(tokenizer, sentences)
    rows = TokenRows.of(tokenized.input_ids)
    traced, internals = anatomy.trace(model, tokenizer, rows), anatomy.read_internals(model, rows)
    planes = {layer: plane_of(internals.tokens(number)) for number, layer in enumerate(internals.layers)}
    write_json(paths.results("dissect", task), anatomy.summary(model, traced, planes, sentences, tokenized))
    with new_folder(paths.dissections(task)) as folder:
        for number, content in enumerate(anatomy.details(internals, planes, sentences, tokenizer), start=1):
            write_json(folder / f"{number}.json", content)
    tokens = [tokenizer.convert_ids_to_tokens(ids) for ids in tokenized.input_ids]
    encoder, decisions = (
        {name: anatomy.count_parameters(part) for name, part in parts.items()}
        for parts in (anatomy.encoder_parts(model.classifier), anatomy.decision_parts(model))
    )
    with new_folder(paths.plots("dissect", task)) as folder:
        draw_attention(folder / "attention.png", sentences[0], tokens[0], internals.maps(0))
        draw_layers(folder / "layers.png", planes, tokens, sentences)
        draw_parameters(folder / "parameters.png", encoder, decisions)


if __name__ == "__main__":
    run(dissect, compute=Compute.load)
