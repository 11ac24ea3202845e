"""What KIE says is read once, and what it does not say is not made up."""

from __future__ import annotations

import orjson
import pytest

from botflight_service.provider.kie import wire
from botflight_service.provider.kie.wire import Record, TaskState, Unreadable

#: As docs.kie.ai shows it.
RECORD = {
    "taskId": "task_12345678",
    "model": "grok-imagine/text-to-image",
    "state": "success",
    "param": '{"model":"grok-imagine/text-to-image","callBackUrl":"https://bot.example/x","input":{"prompt":"a"}}',
    "resultJson": '{"resultUrls":["https://example.com/generated-content.jpg"]}',
    "failCode": "",
    "failMsg": "",
    "completeTime": 1698765432000,
    "createTime": 1698765400000,
    "updateTime": 1698765432000,
}


def record(**changes: object) -> Record:
    """A record with some fields changed."""
    return wire.record(wire.Answer(code=200, data={**RECORD, **changes}))


def test_a_record_is_read_as_it_is_documented() -> None:
    """JSON that KIE keeps as a text is opened where it is asked for."""
    found = record()

    assert (found.task_id, found.state) == ("task_12345678", TaskState.SUCCESS)
    assert found.result_urls == ("https://example.com/generated-content.jpg",)
    assert found.callback_url == "https://bot.example/x"


@pytest.mark.parametrize("key", ["msg", "message"])
def test_the_text_of_an_answer_has_two_names(key: str) -> None:
    """One page of the documents says `msg`, another `message`."""
    found = wire.answer(orjson.dumps({"code": 422, key: "Your prompt was flagged", "data": None}))

    assert (found.code, found.is_about_content) == (422, True)


@pytest.mark.parametrize("result", ["", None, "{", "[]", '{"resultUrls":null}', '{"resultUrls":[1]}', "{}"])
def test_a_result_that_is_none_has_no_urls(result: object) -> None:
    """Whatever stands in the place of the URLs, none is made up."""
    assert record(resultJson=result).result_urls == ()


def test_numbers_and_nulls_stand_where_texts_are_documented() -> None:
    """`failCode` is a number in some answers, and null in others."""
    assert record(failCode=500, failMsg=None).fail_code == "500"
    assert record(failCode=None).fail_code == ""


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {**RECORD, "state": "pending"},
        {**RECORD, "taskId": ""},
        {**RECORD, "taskId": "../../x"},
        {**RECORD, "taskId": "x" * 129},
    ],
)
def test_what_is_no_record_is_refused(data: object) -> None:
    """An unknown state or a strange id is no answer to build on."""
    with pytest.raises(Unreadable):
        wire.record(wire.Answer(code=200, data=data))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"code":null}', b'{"code":"x"}', b"\xff"])
def test_what_is_no_answer_is_refused(body: bytes) -> None:
    """A gateway's page is no answer of KIE's."""
    with pytest.raises(Unreadable):
        wire.answer(body)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"data":null}', b'{"data":{"taskId":7}}', b'{"data":{"taskId":"a b"}}'])
def test_what_is_no_callback_is_refused(body: bytes) -> None:
    """Only a task's id is read from a callback, and it has to be one."""
    with pytest.raises(Unreadable):
        wire.called_back(body)


def test_nothing_that_was_said_is_in_an_error() -> None:
    """What KIE says may quote the prompt: the error's text does not."""
    with pytest.raises(Unreadable) as caught:
        wire.answer(b'{"code":"my secret wish"}')

    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
