"""KIE behind the house's door: orders become tasks, tasks become jobs, and files are fetched once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from botflight_service.generation.attempts import Artifact, ResultKind
from botflight_service.generation.catalog import Catalog, PhotoInput
from botflight_service.provider.interface import (
    GenerationRequest,
    Hint,
    JobState,
    JobStatus,
    Operations,
    ProviderRefused,
)
from botflight_service.provider.kie import errors, order
from botflight_service.provider.kie.callbacks import Callbacks
from botflight_service.provider.kie.client import KieClient
from botflight_service.provider.kie.wire import Record, TaskState

#: Files that were fetched and not yet sent: between charging for a file and sending it lie some milliseconds.
MAX_KEPT_BYTES: Final = 128 * 1024 * 1024
_STATES: Final[Mapping[TaskState, JobState]] = {
    TaskState.WAITING: JobState.QUEUED,
    TaskState.QUEUING: JobState.QUEUED,
    TaskState.GENERATING: JobState.RUNNING,
}
_SUFFIXES: Final[Mapping[str, ResultKind]] = {
    ".png": ResultKind.PHOTO,
    ".jpg": ResultKind.PHOTO,
    ".jpeg": ResultKind.PHOTO,
    ".webp": ResultKind.PHOTO,
    ".mp4": ResultKind.ANIMATION,
    ".gif": ResultKind.ANIMATION,
    ".mp3": ResultKind.AUDIO,
    ".wav": ResultKind.AUDIO,
    ".m4a": ResultKind.AUDIO,
    ".ogg": ResultKind.AUDIO,
}
_USUAL: Final[Mapping[ResultKind, str]] = {
    ResultKind.PHOTO: ".png",
    ResultKind.ANIMATION: ".mp4",
    ResultKind.AUDIO: ".mp3",
}


class KieProvider:
    """Has KIE make the files.

    Hints come from web/provider_callback.py, which takes KIE's calls: nothing here listens.
    """

    name = "kie"
    operations = Operations(submit="createTask", query="recordInfo", fetch="download", credit="credit")

    def __init__(self, *, client: KieClient, catalog: Catalog, callbacks: Callbacks) -> None:
        self._client = client
        self._catalog = catalog
        self._callbacks = callbacks
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    async def submit(self, request: GenerationRequest) -> str:
        """Make a task. Raises ProviderRefused, ProviderUnavailable or AnswerLost."""
        model = self._catalog.find(request.model)
        if model is None:
            raise ProviderRefused(errors.REFUSED, "not in the catalogue")
        urls = await self._uploaded({one.name: one for one in model.inputs if isinstance(one, PhotoInput)}, request)
        asked = {"model": model.provider_model, "input": order.input_of(model, request, urls)}
        callback_url = self._callbacks.url(request.token)
        if callback_url is not None:
            asked["callBackUrl"] = callback_url
        return await self._client.create(asked)

    async def query(self, job_id: str, *, routine: bool = False) -> JobStatus:
        """Where a task stands. Raises ProviderUnavailable, or ProviderRefused where KIE does not know it."""
        record = await self._client.record(job_id, routine=routine)
        token = self._callbacks.token_of(record.callback_url)
        match record.state:
            case TaskState.SUCCESS:
                artifact = self._artifact(record)
                if artifact is None:
                    return JobStatus(JobState.FAILED, failure=errors.FAILED, token=token)
                return JobStatus(JobState.SUCCEEDED, artifact, token=token)
            case TaskState.FAIL:
                return JobStatus(JobState.FAILED, failure=errors.failure_of(record), token=token)
            case _:
                return JobStatus(_STATES[record.state], token=token)

    async def fetch(self, artifact: Artifact) -> bytes:
        """The finished file; one that was fetched a moment ago is not fetched again."""
        kept = self._kept.pop(artifact.reference, None)
        if kept is not None:
            return kept
        content = await self._client.download(artifact.reference)
        self._keep(artifact.reference, content)
        return content

    async def credit(self) -> float:
        """What is left on the account, in KIE's credits. Raises ProviderUnavailable."""
        return await self._client.credit()

    def subscribe(self, listener: Callable[[Hint], None]) -> None:
        """Nothing is heard here."""

    def resume(self) -> None:
        """Nothing has stopped: KIE goes on by itself."""

    async def close(self) -> None:
        """Close the connections."""
        self._kept.clear()
        await self._client.close()

    async def _uploaded(self, photos: Mapping[str, PhotoInput], request: GenerationRequest) -> dict[str, str]:
        """Give KIE the files as URLs of its own. Never Telegram's: the bot's token is a part of those."""
        files = {name: content for name, content in request.files.items() if name in photos}
        # All are looked at before the first one leaves.
        kinds = {name: order.picture(photos[name], content) for name, content in files.items()}
        return {name: await self._client.upload(kinds[name], content) for name, content in files.items()}

    def _artifact(self, record: Record) -> Artifact | None:
        """The first file of a task; models that are sold make one."""
        url = next(iter(record.result_urls), None)
        if url is None:
            return None
        suffix = PurePosixPath(urlsplit(url).path).suffix.lower()
        model = next((one for one in self._catalog.models if one.provider_model == record.model), None)
        kind = model.kind if model is not None else _SUFFIXES.get(suffix, ResultKind.PHOTO)
        if _SUFFIXES.get(suffix) is not kind:
            suffix = _USUAL[kind]
        stem = model.key if model is not None else "file"
        return Artifact(kind=kind, reference=url, file_name=f"{stem}-{record.task_id[-6:]}{suffix}")

    def _keep(self, reference: str, content: bytes) -> None:
        self._kept[reference] = content
        while sum(map(len, self._kept.values())) > MAX_KEPT_BYTES:
            self._kept.popitem(last=False)
