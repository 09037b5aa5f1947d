"""Models from local folders: safetensors only, no code but transformers' own, no socket."""

from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from transformers import AutoConfig, PretrainedConfig, PreTrainedModel

from stages.errors import StageError


def load_config(folder: Path) -> PretrainedConfig:
    """Reads the configuration of a model folder.

    Raises:
        StageError: the folder holds no model.
    """
    if not (folder / "config.json").exists():
        raise StageError(f"{folder} holds no model: run `dvc repro` to make it")
    try:
        return AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError) as error:
        raise StageError(
            f"{folder}/config.json cannot be read ({_line(error)}): run `dvc repro` to make it anew"
        ) from None


def load_model(kind: Any, folder: Path, **overrides: object) -> PreTrainedModel:
    """Loads a model folder.

    Args:
        kind: `AutoModel` or one of its kin.
        folder: `config.json` and `model.safetensors`.
        overrides: of the configuration.

    Raises:
        StageError: the folder is missing or damaged.
    """
    load_config(folder)
    try:
        return kind.from_pretrained(
            folder, trust_remote_code=False, local_files_only=True, use_safetensors=True, **overrides
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise StageError(
            f"{folder}/model.safetensors cannot be loaded ({_line(error)}): run `dvc repro` to make it anew"
        ) from None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
