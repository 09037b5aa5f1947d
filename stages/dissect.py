"""Stage `dissect`: the model of a task, taken apart → its steps, shapes, attention, geometry."""

from decortique.core import paths
from decortique.core.command import run
from decortique.core.files import new_folder, write_json
from decortique.core.plots import plane_of
from decortique.core.run_settings import Compute
from decortique.diagnosis.anatomy import count, decision_parts, details, look_inside, summary, trunk_parts, walk
from decortique.diagnosis.plots import draw_attention, draw_layers, draw_parameters
from decortique.diagnosis.settings import Dissect
from decortique.models.batches import TokenRows
from decortique.models.heads import load_headed
from decortique.models.pretrained import prepare_device
from decortique.models.tokenizer import load_tokenizer, tokenize_texts


def dissect(task: str) -> None:
    """Takes the fine-tuned model of a task apart on a few sentences: every step, and what happens between them."""
    sentences, device = Dissect.load().sentences, prepare_device(Compute.load())
    model = load_headed(paths.model(task, "transformer")).to(device)
    tokenizer = load_tokenizer(paths.model(task, "transformer"))
    tokenized = tokenize_texts(tokenizer, sentences)
    rows = TokenRows.of(tokenized.input_ids)
    way, inside = walk(model, tokenizer, rows), look_inside(model, rows)
    planes = {layer: plane_of(inside.tokens(number)) for number, layer in enumerate(inside.layers)}
    write_json(paths.results("dissect", task), summary(model, way, planes, sentences, tokenized))
    with new_folder(paths.dissections(task)) as folder:
        for number, content in enumerate(details(inside, planes, sentences, tokenizer), start=1):
            write_json(folder / f"{number}.json", content)
    tokens = [tokenizer.convert_ids_to_tokens(ids) for ids in tokenized.input_ids]
    trunk, decisions = (
        {name: count(part) for name, part in parts.items()}
        for parts in (trunk_parts(model.classifier), decision_parts(model))
    )
    with new_folder(paths.plots("dissect", task)) as folder:
        draw_attention(folder / "attention.png", sentences[0], tokens[0], inside.maps(0))
        draw_layers(folder / "layers.png", planes, tokens, sentences)
        draw_parameters(folder / "parameters.png", trunk, decisions)


if __name__ == "__main__":
    run(dissect)
