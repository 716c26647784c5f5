"""What tests of the Redis tier say and ask."""
import itertools

from edge import wait_until
from origin import answer

PATH = "/avatars/42/96"
OTHER = "/avatars/43/96"
OLD = answer(200, {"Cache-Control": "max-age=86400", "ETag": '"old"'}, b"old picture")
NEW = answer(200, {"Cache-Control": "max-age=86400", "ETag": '"new"'}, b"new picture")

probes = itertools.count()


def is_taken(response):
    """Whether the tier had it."""
    return response.is_hit and response.cache_status.get("detail") == "tier2"


def taken(node, path=PATH, headers=None):
    """What the node takes from the tier; fails where it takes it from elsewhere."""
    response = node.get(path, headers)
    assert is_taken(response), response
    return response.body


def asked(node, path=PATH, headers=None):
    """What the node gets from the origin; fails where it gets it from elsewhere."""
    response = node.get(path, headers)
    assert "fwd" in response.cache_status and "detail" not in response.cache_status, response
    return response.body


def wait_for_tier(node):
    """Until it may use the tier, and its worker has been answered there."""
    wait_until(lambda: node.metric("tier_open") == 1, "the tier")

    def is_answered():
        before = looks(node, "miss")
        node.get(f"/avatars/nobody/{next(probes)}")
        return looks(node, "miss") > before

    wait_until(is_answered, "an answer of the tier")


def looks(node, end):
    return node.metric("tier_looks_total", end=end)


def puts(node, end):
    return node.metric("tier_puts_total", end=end)


def put_is(node, end, count=1):
    """Waits until so many puts have ended so."""
    node.wait_for_metric(lambda value: value >= count, "tier_puts_total", end=end)


def shares(node, path=PATH, headers=None):
    """The node asks the origin, and what it gets is in the tier when this returns."""
    before = puts(node, "stored")
    body = asked(node, path, headers)
    put_is(node, "stored", before + 1)
    return body


def applies(node, count=1):
    """Waits until it has told the tier of so many events."""
    node.wait_for_metric(lambda value: value >= count, "tier_events_applied_total")


def is_degraded(node):
    return any(reason.startswith("no_tier") for reason in node.status()["degraded_reasons"])


def entries(redis, avatar="42"):
    """The keys of what the tier holds of it."""
    return redis("KEYS", f"*:entries:{avatar}")
