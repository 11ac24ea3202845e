"""An application of python-telegram-bot under telemetry, whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import wraps
from typing import Any

from telegram.ext import Application, BaseHandler, CallbackContext, ConversationHandler

from botflight_diagnostics.ptb.processor import Carrier, ObservedProcessor, processing
from botflight_diagnostics.ptb.request import ObservedRequest
from botflight_diagnostics.telemetry.bundle import Telemetry
from botflight_diagnostics.telemetry.correlation import UserReferences, bind_handler

AnyApplication = Application[Any, Any, Any, Any, Any, Any]
AnyHandler = BaseHandler[Any, Any, Any]
AnyContext = CallbackContext[Any, Any, Any, Any]


def observe(application: AnyApplication, telemetry: Telemetry) -> None:
    """Have an application tell what it does: call it once, when all handlers are added and before it starts.

    Wraps the update processor, the queue's way in, the transport and the callbacks of the handlers, and adds an error
    handler. Handlers that are added later work, and have no span of their own. Raises RuntimeError the second time.
    """
    # What is changed here has no public way to be changed once an application is built.
    if isinstance(application.update_processor, ObservedProcessor):
        raise RuntimeError("this application is observed already")  # noqa: TRY004 - the type is right, the time is not
    application._update_processor = ObservedProcessor(  # noqa: SLF001
        application.update_processor,
        Carrier(application.update_queue),
        telemetry=telemetry,
        users=UserReferences(application.bot.token.encode()),
        bot_id=lambda: application.bot.id,
    )
    asking, calling = application.bot._request  # noqa: SLF001
    application.bot._request = (asking, ObservedRequest(calling, telemetry))  # noqa: SLF001
    for handlers in application.handlers.values():
        for handler in _all(handlers):
            handler.callback = _told(handler.callback, telemetry)
    application.add_error_handler(_note)


def _all(handlers: Iterable[AnyHandler]) -> Iterator[AnyHandler]:
    """The handlers themselves, those within conversations in the place of the conversation."""
    for handler in handlers:
        if isinstance(handler, ConversationHandler):
            yield from _all(handler.entry_points)
            for within in handler.states.values():
                yield from _all(within)
            yield from _all(handler.fallbacks)
        else:
            yield handler


def _told(callback: Any, telemetry: Telemetry) -> Any:  # noqa: ANN401 - whatever the handler calls
    name = getattr(callback, "__name__", type(callback).__name__)

    @wraps(callback)
    async def told(update: object, context: AnyContext) -> Any:  # noqa: ANN401 - whatever the callback gives
        found = processing.get()
        if found is not None:
            found.handler = name
        attributes = {"botflight.handler": name}
        with bind_handler(name), telemetry.tracer.span(f"handler {name}", attributes=attributes):
            try:
                return await callback(update, context)
            except Exception as error:
                telemetry.logs.logger("bot").error("HANDLER_FAILED", handler=name, exc_info=error)
                raise

    return told


async def _note(_update: object, context: AnyContext) -> None:
    """Note that a handler failed: the application itself goes on as if nothing had happened."""
    found = processing.get()
    if found is not None:
        found.error = context.error
