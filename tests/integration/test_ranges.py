"""Parts of a picture (RFC 9110 section 14), always from a whole that is held."""
import email

import pytest

from origin import answer

BODY = bytes(range(256)) * 40
FIELDS = {"Cache-Control": "max-age=60", "ETag": '"v1"', "Content-Type": "image/png",
          "Last-Modified": "Sat, 01 Nov 2014 10:00:00 GMT", "Date": "Sat, 01 Nov 2025 10:00:00 GMT",
          "CDN-Cache-Control": "max-age=600000000"}
PATH = "/avatars/1/640"


@pytest.fixture
def held(edge, origin):
    origin.on(PATH, answer(200, FIELDS, BODY))
    edge.get(PATH)
    return edge


@pytest.mark.parametrize("range, first, last", [("0-0", 0, 0), ("5-9", 5, 9), ("10000-", 10000, 10239),
                                                ("-3", 10237, 10239), ("10239-99999", 10239, 10239)])
def test_one_part(held, origin, range, first, last):
    response = held.get(PATH, {"Range": f"bytes={range}"})
    assert response.status == 206 and response.body == BODY[first:last + 1] and response.is_hit
    assert response["Content-Range"] == f"bytes {first}-{last}/{len(BODY)}"
    assert response["Content-Length"] == str(last - first + 1)
    assert response["ETag"] == '"v1"' and response["Content-Type"] == "image/png" and "Age" in response
    assert origin.count() == 1


def test_several_parts_are_one_multipart_answer(held):
    response = held.get(PATH, {"Range": "bytes=0-4, 100-199, -5"})
    assert response.status == 206 and "Content-Range" not in response
    kind = response["Content-Type"]
    message = email.message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + response.body)
    parts = message.get_payload()
    assert [part["Content-Range"] for part in parts] == [
        f"bytes 0-4/{len(BODY)}", f"bytes 100-199/{len(BODY)}", f"bytes 10235-10239/{len(BODY)}"]
    assert all(part.get_content_type() == "image/png" for part in parts)
    assert BODY[0:5] in response.body and BODY[100:200] in response.body
    assert int(response["Content-Length"]) == len(response.body)


def test_nothing_of_it_is_416(held):
    response = held.get(PATH, {"Range": "bytes=10240-"})
    assert response.status == 416 and response["Content-Range"] == f"bytes */{len(BODY)}"
    assert held.get(PATH).body == BODY


@pytest.mark.parametrize("headers", [
    {"Range": "bytes=5-4"}, {"Range": "pixels=0-5"}, {"Range": ",".join(f"bytes={i * 2}-{i * 2}" for i in range(17))},
    {"Range": "bytes=" + ",".join(f"{i * 2}-{i * 2}" for i in range(17))},
    {"Range": "bytes=0-4", "If-Range": '"v0"'}, {"Range": "bytes=0-4", "If-Range": 'W/"v1"'}], ids=str)
def test_what_is_not_followed_gets_the_whole(held, headers):
    response = held.get(PATH, headers)
    assert response.status == 200 and response.body == BODY


@pytest.mark.parametrize("version", ['"v1"', "Sat, 01 Nov 2014 10:00:00 GMT"])
def test_if_range_of_the_same_version(held, version):
    assert held.get(PATH, {"Range": "bytes=0-4", "If-Range": version}).body == BODY[:5]


def test_the_conditions_come_first(held):
    assert held.get(PATH, {"Range": "bytes=0-4", "If-None-Match": '"v1"'}).status == 304
    assert held.get(PATH, {"Range": "bytes=0-4", "If-None-Match": '"v0"'}).status == 206


def test_head_has_no_parts(held):
    response = held.request("HEAD", PATH, {"Range": "bytes=0-4"})
    assert response.status == 200 and response["Content-Length"] == str(len(BODY))


def test_a_part_that_is_not_held_fetches_the_whole(edge, origin):
    origin.on(PATH, answer(200, FIELDS, BODY))
    response = edge.get(PATH, {"Range": "bytes=5-9"})
    assert response.status == 206 and response.body == BODY[5:10]
    assert "stored" in response.cache_status and origin.last(PATH).get("Range") is None
    assert edge.get(PATH).is_hit


def test_an_operator_may_have_it_ignored(start_edge, origin):
    edge = start_edge([origin], {"cache": {"range_parts_max": 0}})
    origin.on(PATH, answer(200, FIELDS, BODY))
    assert edge.get(PATH, {"Range": "bytes=5-9"}).status == 200


def test_curl_resumes_a_download(held, tmp_path):
    file = tmp_path / "picture"
    file.write_bytes(BODY[:777])
    held.curl(PATH, "-C", "-", "-o", file)
    assert file.read_bytes() == BODY
