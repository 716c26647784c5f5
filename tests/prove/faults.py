"""What can go wrong: each function does one thing to a running farm and undoes it. Their names are those of --only.

A fault tells the prover what it does before it does it, and that it is over after it is over, so that errors of what is
down on purpose are excused, and nothing else is. Waits here are how long a fault lasts; nothing is synchronised by them.
"""
import contextlib
import time

from farm import STREAM, RedisError, id_of, wait_until

FAULTS = {}


def fault(function):
    FAULTS[function.__name__] = function
    return function


class Stage:
    """A farm, the choices that the seed makes, and the orders that several faults share."""

    def __init__(self, farm, random):
        self.farm, self.random = farm, random
        self.order = farm.prover.order
        self.redis, self.tier = farm.redis, farm.tier_redis

    def some_node(self):
        return self.random.randrange(len(self.farm.nodes))

    def some_reserved_avatar(self):
        """One of those that are left to the harness."""
        return 50 * self.random.randrange(20) + 49

    def last(self, least, most):
        """Lasts so many leases."""
        time.sleep(self.random.uniform(least, most) * self.farm.lease)

    @contextlib.contextmanager
    def redis_down(self, new_life=True):
        """Killed; what is done inside is done while it is gone. A life ends with its process."""
        self.redis.kill()
        self.order("redis down")
        yield
        if new_life:
            self.order("redis life")
        self.order("redis up")
        self.redis.start()

    @contextlib.contextmanager
    def cut(self, node, mode, delay=0.0):
        self.order(f"node {node} cut")
        self.farm.relays[node].set(mode, delay)
        yield
        self.farm.relays[node].set("open")
        self.order(f"node {node} joined")

    @contextlib.contextmanager
    def all_cut(self, mode):
        with contextlib.ExitStack() as stack:
            for node in range(len(self.farm.nodes)):
                stack.enter_context(self.cut(node, mode))
            yield

    @contextlib.contextmanager
    def node_killed(self, node):
        self.order(f"node {node} down")
        self.farm.nodes[node].kill()
        yield
        self.farm.nodes[node].start()
        self.order(f"node {node} up")

    @contextlib.contextmanager
    def writers_quiet(self):
        self.order("writers rate 0")
        yield
        self.order("writers rate 200")


# --- Nodes ---


@fault
def node_killed(stage):
    """kill -9 of a node, which starts again with nothing."""
    with stage.node_killed(stage.some_node()):
        stage.last(0, 1.5)


@fault
def two_nodes_killed(stage):
    first = stage.some_node()
    second = (first + 1) % len(stage.farm.nodes)
    with stage.node_killed(first), stage.node_killed(second):
        stage.last(0, 0.5)


@fault
def node_terminated(stage):
    """SIGTERM, as at every deployment: it takes itself out of the registry."""
    number = stage.some_node()
    node = stage.farm.nodes[number]
    stage.order(f"node {number} down")
    node.stop()
    node.start()
    stage.order(f"node {number} up")


@fault
def node_stopped(stage):
    """SIGSTOP for longer than the lease: what it answers when it wakes up must not rest on the lease it had."""
    number = stage.some_node()
    stage.order(f"node {number} down")
    stage.farm.nodes[number].pause()
    stage.last(1.2, 3)
    stage.farm.nodes[number].resume()
    wait_until(stage.farm.nodes[number].is_ready, "ready after a stop")
    stage.order(f"node {number} up")


# --- Redis ---


@fault
def redis_killed(stage):
    """kill -9, and back with all its data."""
    with stage.redis_down():
        stage.last(0, 0.5)


@fault
def redis_long_away(stage):
    """For longer than the registry remembers."""
    with stage.redis_down():
        stage.last(3.5, 4.5)


@fault
def redis_emptied(stage):
    """kill -9, and back without any data."""
    with stage.redis_down():
        stage.redis.replace_data()
        stage.last(0, 0.3)


@fault
def redis_backup(stage):
    """Back with the data of a while ago."""
    copy = stage.redis.save_copy("backup")
    stage.last(1.5, 2.5)
    with stage.redis_down():
        stage.redis.replace_data(copy)
        stage.last(0, 1.5)


@fault
def redis_lost_the_last(stage):
    """Back without the last events, some of which were acknowledged."""
    copy = stage.redis.save_copy("last")
    stage.last(0.05, 0.3)
    with stage.redis_down():
        stage.redis.replace_data(copy)


@fault
def redis_ids_given_again(stage):
    """The last events are lost, and others get their very IDs, as after a failover to a server whose clock is behind: last
    ID and count look right, only the life is another."""
    copy = stage.redis.save_copy("ids")
    before = stage.redis.last_ids(1)
    stage.last(0.1, 0.4)
    with stage.writers_quiet(), stage.all_cut("silent" if stage.random.random() < 0.5 else "refused"):
        lost = [one for one in stage.redis.last_ids(1000) if not before or id_of(one) > id_of(before[0])]
        with stage.redis_down():
            stage.redis.replace_data(copy)
        # A live copy may have some of them after all.
        has = stage.redis.last_ids(1)
        again = [one for one in lost if not has or id_of(one) > id_of(has[0])]
        given = 0
        for one in again:
            avatar = stage.some_reserved_avatar()
            version = stage.order(f"commit {avatar}")
            try:
                stage.redis.run("XADD", STREAM, one, "avatar", str(avatar))
            except RedisError:  # A writer tried again what it could not publish before, and has got a later ID.
                break
            stage.order(f"published {avatar} {version}")
            given += 1
    return f"{given} IDs"


@fault
def redis_flushed(stage):
    """FLUSHALL under way: the stream is gone, and begins anew."""
    stage.order("redis life")
    stage.redis.run("FLUSHALL")


@fault
def redis_stopped(stage):
    """SIGSTOP for longer than the lease; then everything that was sent meanwhile is carried out, late."""
    stage.redis.stop()
    stage.order("redis down")
    stage.last(1.2, 3)
    stage.order("redis up")
    stage.redis.resume()


@fault
def redis_stopped_shortly(stage):
    stage.redis.stop()
    stage.order("redis down")
    stage.last(0.2, 0.9)
    stage.order("redis up")
    stage.redis.resume()


@fault
def events_swallowed(stage):
    """Events that are deleted in the moment of their writing: no node can have read them."""
    stage.order(f"writers swallow {stage.random.randrange(1, 20)}")
    stage.last(0.5, 1)
    stage.order("writers swallow 0")


# --- The network between one node and Redis ---


@fault
def cut_shortly(stage):
    with stage.cut(stage.some_node(), "refused"):
        stage.last(0.1, 0.8)


@fault
def cut_long(stage):
    with stage.cut(stage.some_node(), "refused"):
        stage.last(1.5, 4)


@fault
def silent_shortly(stage):
    with stage.cut(stage.some_node(), "silent"):
        stage.last(0.1, 0.8)


@fault
def silent_long(stage):
    """Proofs that were sent before arrive after: a lease counts from when they were sent."""
    with stage.cut(stage.some_node(), "silent"):
        stage.last(1.5, 4)


@fault
def all_silent(stage):
    with stage.all_cut("silent"):
        stage.last(0.5, 2.5)


@fault
def far_away(stage):
    with stage.cut(stage.some_node(), "delayed", stage.random.uniform(0.02, 0.2) * stage.farm.lease):
        stage.last(1, 3)


@fault
def far_away_and_cut(stage):
    """The last proof before the cut came back late: its lease began when it was sent."""
    node = stage.some_node()
    for _ in range(2):
        with stage.cut(node, "delayed", stage.random.uniform(0.05, 0.11) * stage.farm.lease):
            stage.last(0.8, 1.2)
            stage.farm.relays[node].set("refused")
            stage.last(1.5, 2)


@fault
def flapping(stage):
    node = stage.some_node()
    for _ in range(6):
        with stage.cut(node, "refused"):
            stage.last(0.02, 0.3)
        stage.last(0.05, 0.3)


# --- The stream, behind the back of a node that does not hear ---


@fault
def trimmed_while_cut(stage):
    with stage.cut(stage.some_node(), stage.random.choice(["refused", "silent"])):
        stage.last(0.2, 1.5)
        stage.redis.run("XTRIM", STREAM, "MAXLEN", str(stage.random.choice([0, 1, 5])))
        stage.last(0.0, 0.3)


@fault
def deleted_while_cut(stage):
    with stage.cut(stage.some_node(), stage.random.choice(["refused", "silent"])):
        stage.last(0.2, 1)
        ids = stage.redis.last_ids(60)
        stage.redis.run("XDEL", STREAM, *stage.random.sample(ids, len(ids) // 2))


@fault
def last_one_deleted(stage):
    for _ in range(10):
        stage.redis.run("XDEL", STREAM, *stage.redis.last_ids(1))
        stage.last(0.02, 0.1)


# --- The origin ---


@fault
def origin_slow(stage):
    """Old answers are under way for long while changes are committed."""
    stage.order("origin slow 50 100 1500")
    stage.last(1.5, 3)
    stage.order("origin slow 20 0 20")


@fault
def origin_held(stage):
    """Answers are held back, and all come at once: all of them old."""
    stage.order("origin held")
    stage.last(0.5, 1.5)
    stage.order("origin normal")


@fault
def origin_held_and_cut(stage):
    """The lease ends while old answers are under way."""
    with stage.cut(stage.some_node(), stage.random.choice(["refused", "silent"])):
        stage.last(0, 0.8)
        stage.order("origin held")
        stage.last(0.8, 1.8)
        stage.order("origin normal")
        stage.last(0, 1)


@fault
def origin_lags(stage):
    """One of two replicas is behind; versions in events and answers tell. Nodes stay connected, for that is all that
    can be had (PROTOCOL R4)."""
    stage.order("writers passes off")
    stage.order("writers versions always")
    stage.last(0.3, 0.4)
    stage.order(f"origin lag {stage.random.randrange(50, 800)}")
    stage.last(2, 3)
    stage.order("origin lag 0")
    stage.order("writers versions mixed")
    stage.order("writers passes on")


@fault
def origin_failing(stage):
    stage.order("origin failing")
    stage.last(0.3, 1.5)
    stage.order("origin normal")


@fault
def origin_gone(stage):
    stage.order(f"origin {stage.random.choice(['refusing', 'resetting'])}")
    stage.last(0.3, 1.5)
    stage.order("origin normal")


# --- Several at once ---


@fault
def redis_emptied_while_cut(stage):
    with stage.cut(stage.some_node(), stage.random.choice(["refused", "silent"])):
        stage.last(0, 0.5)
        redis_emptied(stage)
        stage.last(0, 1)


@fault
def redis_lost_the_last_while_stopped(stage):
    number = stage.some_node()
    stage.order(f"node {number} down")
    stage.farm.nodes[number].pause()
    stage.last(0, 0.5)
    redis_lost_the_last(stage)
    stage.last(0, 1)
    stage.farm.nodes[number].resume()
    wait_until(stage.farm.nodes[number].is_ready, "ready after a stop")
    stage.order(f"node {number} up")


@fault
def redis_backup_and_origin_slow(stage):
    stage.order("origin slow 50 100 1500")
    redis_backup(stage)
    stage.last(0.5, 1.5)
    stage.order("origin slow 20 0 20")


@fault
def node_killed_without_redis(stage):
    """It starts while there is no Redis: it must serve, and hold nothing longer than it may."""
    number = stage.some_node()
    with stage.redis_down():
        stage.order(f"node {number} down")
        stage.farm.nodes[number].kill()
        stage.farm.nodes[number].start()
        stage.order(f"node {number} up")
        stage.last(0.5, 2)


@fault
def everything_gone(stage):
    """Redis and the origin at once: errors, but nothing old."""
    with stage.redis_down():
        stage.order("origin refusing")
        stage.last(1.2, 2.5)
        stage.order("origin normal")
        stage.last(0.5, 1)


# Those that need nothing but nodes and the origin.
WITHOUT_FEED = ("node_killed", "two_nodes_killed", "origin_slow", "origin_held", "origin_failing", "origin_gone")
