"""Fetches files of a Hugging Face repository with the hub's own client, its cache, its token and its mirrors."""

from pathlib import Path

from stages.errors import StageError
from stages.settings.source import HubSource
from stages.sources.folder import copy


def copy_files(source: HubSource, folder: Path) -> None:
    """Puts the files of `source` in `folder`.

    `HF_ENDPOINT`, `HF_TOKEN`, `HF_HOME` and `HF_HUB_OFFLINE` work as they do for the client.
    """
    for name, filename in source.files.items():
        copy(_download(source, filename), folder / name, source.sha256.get(name))


def _download(source: HubSource, filename: str) -> Path:
    # Imported here, as it takes a while and the other kinds of source do without it.
    from huggingface_hub import constants, hf_hub_download
    from huggingface_hub import errors as problems

    def problem(text: str) -> StageError:
        return StageError(f"{filename}: {text}")

    try:
        file = hf_hub_download(source.repository, filename, repo_type=source.type, revision=source.revision)
    except problems.GatedRepoError:
        raise problem("the repository is gated: accept its terms on its page, then set HF_TOKEN") from None
    except problems.RepositoryNotFoundError:
        raise problem(
            f"no {source.type} repository of that name, or a private one: check it, or set HF_TOKEN"
        ) from None
    except problems.RevisionNotFoundError:
        raise problem(f"the repository has no commit {source.revision}: copy it from its history") from None
    except problems.RemoteEntryNotFoundError:
        raise problem("the repository has no such file at this commit: check the names in files") from None
    except problems.LocalEntryNotFoundError as error:
        if constants.HF_HUB_OFFLINE:
            raise problem("not in the cache, and HF_HUB_OFFLINE forbids to fetch it: unset it once") from None
        raise problem(
            f"{constants.ENDPOINT} cannot be reached ({error.__cause__ or error}): check the network, run again"
        ) from None
    except problems.HfHubHTTPError as error:
        raise problem(f"{constants.ENDPOINT} answers {error.response.status_code}: run it again later") from None
    except (RuntimeError, ValueError) as error:  # from its transfer library, and on malformed names
        raise problem(f"{error}: check the network and the names, then run it again") from None
    return Path(file)
