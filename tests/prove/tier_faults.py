"""What can go wrong with the Redis tier, in the manner of faults.py. No answer may fail for it, and none may be old."""
import contextlib

from farm import STREAM, TIER_KEYS
from faults import redis_backup, redis_emptied

SHARED, APART = {}, {}  # Faults of any tier; those of one that has a Redis of its own.


def tier_fault(function):
    SHARED[function.__name__] = function
    APART[function.__name__] = function
    return function


def apart_fault(function):
    APART[function.__name__] = function
    return function


def keys_of(stage, kind):
    return stage.tier.keys(TIER_KEYS + ":" + kind)


def unlink(stage, keys):
    for begin in range(0, len(keys), 500):
        stage.tier.run("UNLINK", *keys[begin:begin + 500])


def some_of(stage, keys):
    return stage.random.sample(keys, stage.random.randint(min(1, len(keys)), len(keys)))


@contextlib.contextmanager
def tier_cut(stage, node, mode, delay=0.0):
    """The way between one node and the tier, which is that to the feed where they share it."""
    if stage.farm.tier == "shared":
        with stage.cut(node, mode, delay):
            yield
        return
    stage.farm.tier_relays[node].set(mode, delay)
    yield
    stage.farm.tier_relays[node].set("open")


@contextlib.contextmanager
def held(stage):
    """Of what a node sends to the tier, or is sent, some is held, until it arrives late. The node."""
    node = stage.some_node()
    with tier_cut(stage, node, "held"):
        yield node


@contextlib.contextmanager
def origin_slow(stage):
    """So that answers are under way, and are put, long after what they say has changed."""
    stage.order("origin slow 50 100 1500")
    yield
    stage.order("origin slow 20 0 20")


@contextlib.contextmanager
def many_changes(stage):
    stage.order("writers rate 1000")
    yield
    stage.order("writers rate 200")


def restart_another(stage, node):
    """A node that holds nothing finds in the tier whatever is there."""
    with stage.node_killed((node + stage.random.choice([1, 2])) % len(stage.farm.nodes)):
        pass


# --- What it holds ---


@tier_fault
def tier_scripts_flushed(stage):
    for _ in range(4):
        stage.tier.run("SCRIPT", "FLUSH")
        stage.last(0.02, 0.4)


@tier_fault
def tier_flushed(stage):
    if stage.farm.tier == "apart":
        stage.tier.run("FLUSHALL")
    else:
        unlink(stage, keys_of(stage, "*"))


@tier_fault
def tier_epoch_deleted(stage):
    unlink(stage, keys_of(stage, "epoch"))
    stage.last(0, 0.5)


@tier_fault
def tier_guards_deleted(stage):
    for _ in range(3):
        unlink(stage, some_of(stage, keys_of(stage, "*:guard")))
        stage.last(0, 0.5)


@tier_fault
def tier_entries_deleted(stage):
    for _ in range(3):
        unlink(stage, some_of(stage, keys_of(stage, "*:entries:*")))
        stage.last(0, 0.5)


@tier_fault
def tier_evicting(stage):
    """Anything of it goes at any time, as where Redis evicts by a policy of its own."""
    for _ in range(30):
        keys = keys_of(stage, "*")
        unlink(stage, stage.random.sample(keys, len(keys) // 20))
        unlink(stage, stage.random.sample(guards := keys_of(stage, "*:guard"), min(2, len(guards))))
        stage.last(0.02, 0.1)


@tier_fault
def tier_guards_deleted_and_origin_slow(stage):
    """Answers are put into buckets that were born after they were asked for."""
    with origin_slow(stage):
        for _ in range(5):
            stage.last(0.1, 0.6)
            unlink(stage, some_of(stage, keys_of(stage, "*:guard")))


@apart_fault
def tier_full(stage):
    """It refuses to take more, but for what drops something."""
    stage.tier.run("CONFIG", "SET", "maxmemory", "1mb")
    stage.last(0.5, 2)
    stage.tier.run("CONFIG", "SET", "maxmemory", "0")


@apart_fault
def tier_full_and_evicting(stage):
    """Whatever was used least recently, or whatever, must give way: guards and the epoch too."""
    stage.tier.run("CONFIG", "SET", "maxmemory-policy", stage.random.choice(["allkeys-lru", "allkeys-random"]))
    for _ in range(3):
        info = stage.tier.run("INFO", "memory").decode()
        used = int(next(line for line in info.splitlines() if line.startswith("used_memory:")).split(":")[1])
        stage.tier.run("CONFIG", "SET", "maxmemory", str(int(used * stage.random.uniform(0.6, 1))))
        stage.last(0.3, 1)
    stage.tier.run("CONFIG", "SET", "maxmemory", "0")
    stage.tier.run("CONFIG", "SET", "maxmemory-policy", "noeviction")


# --- Its Redis ---


@tier_fault
def tier_clients_killed(stage):
    """Half of the connections at a time, the prover's own too where the feed has the same Redis."""
    for _ in range(4):
        lines = stage.tier.run("CLIENT", "LIST").decode().splitlines()
        ids = [line.split()[0].removeprefix("id=") for line in lines if "cmd=client|list" not in line]
        for one in stage.random.sample(ids, (len(ids) + 1) // 2):
            stage.tier.run("CLIENT", "KILL", "ID", one)
        stage.last(0.05, 0.5)


@apart_fault
def tier_stopped(stage):
    stage.tier.stop()
    stage.last(0.1, 3)
    stage.tier.resume()


@apart_fault
def tier_paused(stage):
    stage.tier.run("CLIENT", "PAUSE", str(int(stage.random.uniform(0.1, 2.5) * 1000 * stage.farm.lease)),
                   stage.random.choice(["ALL", "WRITE"]))
    stage.last(0.5, 2.5)


@apart_fault
def tier_emptied(stage):
    stage.tier.kill()
    stage.tier.replace_data()
    stage.last(0, 1)
    stage.tier.start()


@apart_fault
def tier_old_data(stage):
    """Back with what it held a while ago: what has changed since must be replayed before it is believed."""
    copy = stage.tier.save_copy("old")
    stage.last(0.5, 2.5)
    stage.tier.kill()
    stage.tier.replace_data(copy)
    stage.last(0, 0.5)
    stage.tier.start()


@apart_fault
def tier_old_data_while_cut(stage):
    """The same, and one node hears of it only later."""
    with tier_cut(stage, stage.some_node(), stage.random.choice(["silent", "refused", "held"])):
        stage.last(0, 0.3)
        tier_old_data(stage)
        stage.last(0, 1)


@apart_fault
def tier_old_data_and_feed_cut(stage):
    """The same, and one node hears of nothing new."""
    with stage.cut(stage.some_node(), stage.random.choice(["silent", "refused"])):
        stage.last(0, 0.5)
        tier_old_data(stage)
        stage.last(0, 1)


@apart_fault
def tier_read_only(stage):
    """A replica of nobody: it answers with what it had, and takes nothing."""
    stage.tier.run("REPLICAOF", "127.0.0.1", "1")
    stage.last(0.5, 2)
    stage.tier.run("REPLICAOF", "NO", "ONE")


# --- The network between one node and the tier ---


@apart_fault
def tier_cut_off(stage):
    with tier_cut(stage, stage.some_node(), "refused"):
        stage.last(0.1, 2)


@apart_fault
def tier_silent(stage):
    with tier_cut(stage, stage.some_node(), "silent"):
        stage.last(0.1, 3)


@apart_fault
def tier_far_away(stage):
    """Also for longer than a look may take."""
    with tier_cut(stage, stage.some_node(), "delayed", stage.random.uniform(0.02, 0.3)):
        stage.last(1, 2)


@apart_fault
def tier_flapping(stage):
    node = stage.some_node()
    for _ in range(6):
        with tier_cut(stage, node, "refused"):
            stage.last(0.02, 0.3)
        stage.last(0.05, 0.3)


@tier_fault
def tier_held(stage):
    with held(stage):
        stage.last(0.3, 3)


@tier_fault
def tier_held_and_origin_slow(stage):
    with origin_slow(stage):
        stage.last(0.3, 1)
        with held(stage):
            stage.last(0.3, 2)


@tier_fault
def tier_held_and_guards_deleted(stage):
    """What was put arrives in a bucket that was born meanwhile (PROTOCOL R24)."""
    for _ in range(2):
        with held(stage):
            stage.last(0.1, 1)
            unlink(stage, some_of(stage, keys_of(stage, "*:guard")))
            stage.last(0, 1)


@tier_fault
def tier_held_and_flushed(stage):
    with held(stage):
        stage.last(0.1, 1)
        tier_flushed(stage)
        stage.last(0, 1)


@tier_fault
def tier_held_and_node_cold(stage):
    """What was put arrives after the events that say that it is old (PROTOCOL R22)."""
    with many_changes(stage):
        with held(stage) as node:
            stage.last(0.5, 1.5)
        restart_another(stage, node)


@tier_fault
def tier_held_and_guards_deleted_and_node_cold(stage):
    """The same, and in a bucket that knows nothing of those events (PROTOCOL R24)."""
    with many_changes(stage):
        with held(stage) as node:
            stage.last(0.5, 1.5)
            unlink(stage, keys_of(stage, "*:guard"))
            stage.last(0.1, 0.3)
        restart_another(stage, node)


# --- The feed, behind the tier's back ---


@apart_fault
def tier_far_away_and_trimmed_while_all_cut(stage):
    """Nobody has told the tier of events that nobody will ever hear of; and to find that out takes long."""
    delay = stage.random.choice([0, 0.05, 0.09])
    with contextlib.ExitStack() as stack:
        for node in range(len(stage.farm.nodes)):
            stack.enter_context(tier_cut(stage, node, "delayed", delay))
        with many_changes(stage), stage.all_cut("refused"):
            stage.last(1.2, 2)
            stage.redis.run("XTRIM", STREAM, "MAXLEN", "0")
        stage.last(1, 2)


@apart_fault
def tier_held_and_feed_emptied(stage):
    """What was put arrives in another life of the feed."""
    with held(stage):
        stage.last(0, 0.5)
        redis_emptied(stage)
        stage.last(0, 0.5)


@apart_fault
def tier_stopped_and_feed_backup(stage):
    stage.tier.stop()
    redis_backup(stage)
    stage.tier.resume()


@apart_fault
def tier_old_data_and_feed_emptied(stage):
    """The tier's positions are of a life of the feed that nobody knows any more."""
    copy = stage.tier.save_copy("life")
    stage.last(0.3, 1)
    redis_emptied(stage)
    stage.last(0, 1)
    stage.tier.kill()
    stage.tier.replace_data(copy)
    stage.tier.start()
