// What the scripts do in a real Redis.
#include "tier2/scripts.h"

#include "support/catch.h"
#include "support/redis_client.h"
#include "support/redis_server.h"

using namespace edge;
using namespace edge::tier2;
using namespace std::chrono_literals;

namespace {

// The event of that number, which is also how many there have been.
Point at(std::uint64_t number) { return {{number, 0}, number}; }
TierEvent update(std::uint64_t number, std::string avatar = "a") { return {at(number), std::move(avatar)}; }

// By Redis's clock; so late that nothing is too old.
constexpr std::uint64_t kPutAt = 4'000'000'000'007;

struct Look {
  std::string url = "/a/64";
  std::string vary{};
  std::string selecting{};
  std::string node = "node";
  std::chrono::milliseconds claim{0};
};
struct Kept {
  std::uint64_t as_of = 10;
  std::uint64_t floor = 0;
  std::string url = "/a/64";
  std::string vary{};
  std::string selecting{};
  std::string bytes = "face";
  std::chrono::milliseconds ttl{60'000};
  std::uint64_t put_at_ms = kPutAt;
  std::string identity = "life";
};
struct Batch {
  Point from;
  Point to;
  std::vector<TierEvent> events{};
  std::string birth = "birth";
  std::string identity = "life";
  std::size_t floors_max = 100;
};

// A tier of which one bucket is looked at, that of the avatar "a".
struct TestTier {
  redis::Reply run(Script script, const Words& words) {
    std::vector<std::string> all{"EVAL", std::string(scripts()[script])};
    all.insert(all.end(), words.begin(), words.end());
    return client.ask(all);
  }
  GetAnswer get(const Look& look = {}) {
    auto answer = parse_get(
        run(Get, words_of(GetCall{"e", "a", look.url, look.vary, look.selecting, look.node, look.claim}, layout)));
    REQUIRE(answer);
    return *std::move(answer);
  }
  bool holds(const std::string& url = "/a/64") { return !get({.url = url}).bytes.empty(); }
  Result<PutEnd> try_put(const Kept& kept = {}) {
    return parse_put(run(Put, words_of({.epoch = "e",
                                        .identity = kept.identity,
                                        .avatar = "a",
                                        .url = kept.url,
                                        .vary = kept.vary,
                                        .selecting = kept.selecting,
                                        .as_of = {kept.as_of, 0},
                                        .floor = {kept.floor, 0},
                                        .put_at_ms = kept.put_at_ms,
                                        .ttl = kept.ttl,
                                        .bytes = kept.bytes},
                                       layout)));
  }
  PutEnd put(const Kept& kept = {}) {
    const auto end = try_put(kept);
    REQUIRE(end);
    return *end;
  }
  ApplyEnd apply(const Batch& batch) {
    ApplyCall call{.epoch = "e",
                   .bucket = Layout::bucket_of("a"),
                   .identity = batch.identity,
                   .from = batch.from,
                   .to = batch.to,
                   .floors_max = batch.floors_max,
                   .birth = batch.birth};
    for (const TierEvent& one : batch.events) call.events.push_back(&one);
    const auto end = parse_apply(run(Apply, words_of(call, layout)));
    REQUIRE(end);
    return *end;
  }
  void be_born(std::uint64_t number, const std::string& birth = "birth") {
    REQUIRE(apply({.from = at(number), .to = at(number), .birth = birth}) == ApplyEnd::Born);
  }
  Clean clean() {
    const auto words = clean_words("e", Layout::bucket_of("a"), layout);
    const auto clean = parse_clean(client.ask(words));
    REQUIRE(clean);
    return *clean;
  }
  void forget_guard() { client.ask({"DEL", layout.guard_key("e", Layout::bucket_of("a"))}); }
  void be_full() {
    client.ask({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
    client.ask({"CONFIG", "SET", "maxmemory", "1"});
    REQUIRE(client.ask({"SET", "x", "y"}).text.starts_with("OOM"));
  }
  std::int64_t ttl() { return client.ask({"PTTL", layout.entries_key("e", "a")}).integer; }
  bool is_claimed(const std::string& url = "/a/64") {
    return client.ask({"EXISTS", layout.claim_key("e", "a", url)}).integer == 1;
  }
  std::string move_epoch(const std::string& from, const std::string& to) {
    return run(MoveEpoch, move_epoch_words(from, to, layout)).text;
  }

  const Layout layout{"tier"};
  test::RedisServer server;
  test::RedisClient client{server};
};

// A bucket that is clean up to event 10.
struct BornTier : TestTier {
  BornTier() { be_born(10); }
};

}  // namespace

// ---- GET ----

TEST_CASE("a bucket that is not there has nothing, and nothing of it is claimed", "[tier2][PROTOCOL R24]") {
  TestTier tier;
  const GetAnswer answer = tier.get({.claim = 60s});
  CHECK(answer.identity.empty());
  CHECK(answer.bytes.empty());
  CHECK_FALSE(tier.is_claimed());
}

TEST_CASE("a response that was put is got together with the clean position", "[tier2][PROTOCOL R20]") {
  BornTier tier;
  const std::string bytes("\0\r\n\xff", 4);
  CHECK(tier.put({.bytes = bytes}) == PutEnd::Stored);
  CHECK(tier.apply({.from = at(10), .to = at(12)}) == ApplyEnd::Moved);
  const GetAnswer answer = tier.get();
  CHECK(answer.bytes == bytes);
  CHECK(answer.put_at_ms == kPutAt);
  CHECK(answer.now_ms > 1'700'000'000'000);
  CHECK(answer.identity == "life");
  CHECK(answer.clean == cache::EventId{12, 0});
  CHECK(tier.get({.url = "/a/128"}).bytes.empty());
}

TEST_CASE("what is of no use any more is as if it were not there, and is claimed", "[tier2]") {
  BornTier tier;
  tier.put({.ttl = 1000s});
  tier.put({.url = "/a/128", .put_at_ms = 7});  // Another of the avatar's keeps the key.
  CHECK(tier.holds());
  CHECK_FALSE(tier.holds("/a/128"));
  CHECK_FALSE(tier.get({.url = "/a/128", .node = "one", .claim = 60s}).is_claimed_by_other);
  CHECK(tier.get({.url = "/a/128", .node = "two", .claim = 60s}).is_claimed_by_other);
}

TEST_CASE("a guard that nobody speaks to goes in the end, as those of epochs that are over", "[tier2][PROTOCOL R27]") {
  BornTier tier;
  const std::string guard = tier.layout.guard_key("e", Layout::bucket_of("a"));
  CHECK(tier.client.ask({"PTTL", guard}).integer > 80'000'000);
  tier.client.ask({"PEXPIRE", guard, "50000"});
  CHECK(tier.apply({.from = at(10), .to = at(10)}) == ApplyEnd::Moved);
  CHECK(tier.client.ask({"PTTL", guard}).integer > 80'000'000);
}

TEST_CASE("what was put before a bucket was born again is never got", "[tier2][PROTOCOL R24]") {
  BornTier tier;
  tier.put({.vary = "accept", .selecting = "accept\r\n"});
  tier.forget_guard();
  tier.be_born(10, "another");
  const GetAnswer answer = tier.get({.vary = "accept", .selecting = "accept\r\n"});
  CHECK(answer.bytes.empty());
  CHECK_FALSE(answer.vary);
}

TEST_CASE("who does not know what a response varies on is told, and claims nothing yet", "[tier2]") {
  BornTier tier;
  tier.put({.vary = "accept", .selecting = "accept: image/png\r\n"});
  const std::string thought = GENERATE(as<std::string>(), "", "origin");
  const GetAnswer answer = tier.get({.vary = thought, .selecting = "accept: image/png\r\n", .claim = 60s});
  CHECK(answer.vary == "accept");
  CHECK(answer.bytes.empty());
  CHECK_FALSE(answer.is_claimed_by_other);
  CHECK_FALSE(tier.is_claimed());
}

TEST_CASE("who knows what a response varies on gets the one for its request, or none", "[tier2]") {
  BornTier tier;
  tier.put({.vary = "accept", .selecting = "accept: image/png\r\n", .bytes = "png"});
  tier.put({.vary = "accept", .selecting = "accept: image/gif\r\n", .bytes = "gif"});
  CHECK(tier.get({.vary = "accept", .selecting = "accept: image/png\r\n"}).bytes == "png");
  CHECK(tier.get({.vary = "accept", .selecting = "accept: image/gif\r\n"}).bytes == "gif");
  CHECK_FALSE(tier.is_claimed());
  const GetAnswer none = tier.get({.vary = "accept", .selecting = "accept\r\n", .claim = 60s});
  CHECK(none.bytes.empty());
  CHECK(none.vary == "accept");
  CHECK(tier.is_claimed());
}

TEST_CASE("the first who finds nothing claims it, for a while, and the next is told", "[tier2]") {
  BornTier tier;
  CHECK_FALSE(tier.get({.node = "first", .claim = 60s}).is_claimed_by_other);
  CHECK(tier.get({.node = "second", .claim = 60s}).is_claimed_by_other);
  CHECK_FALSE(tier.get({.node = "first", .claim = 60s}).is_claimed_by_other);
  CHECK_FALSE(tier.get({.url = "/a/128", .node = "second", .claim = 60s}).is_claimed_by_other);
  const auto left = tier.client.ask({"PTTL", tier.layout.claim_key("e", "a", "/a/64")}).integer;
  CHECK(left > 0);
  CHECK(left <= 60'000);
}

TEST_CASE("nothing is claimed that is there, or by who does not want to", "[tier2]") {
  BornTier tier;
  tier.get();
  CHECK_FALSE(tier.is_claimed());
  tier.put();
  CHECK(tier.get({.claim = 60s}).bytes == "face");
  CHECK_FALSE(tier.is_claimed());
}

TEST_CASE("a Redis that is full answers who looks, and holds nobody up", "[tier2]") {
  BornTier tier;
  tier.put();
  tier.be_full();
  CHECK(tier.get({.claim = 60s}).bytes == "face");
  CHECK_FALSE(tier.get({.url = "/a/128", .claim = 60s}).is_claimed_by_other);
}

// ---- PUT ----

TEST_CASE("nothing is put into a bucket that is not there, nor brings it back", "[tier2][PROTOCOL R24]") {
  TestTier tier;
  CHECK(tier.put() == PutEnd::Unborn);
  CHECK(tier.client.ask({"DBSIZE"}).integer == 0);
}

TEST_CASE("nothing is put that is as of another life of the feed", "[tier2][PROTOCOL R25]") {
  BornTier tier;
  CHECK(tier.put({.identity = "another"}) == PutEnd::OtherLife);
  CHECK_FALSE(tier.holds());
}

TEST_CASE("nothing is put that is older than its bucket", "[tier2][PROTOCOL R22][PROTOCOL R24]") {
  BornTier tier;
  CHECK(tier.put({.as_of = 9}) == PutEnd::BelowMark);
  CHECK_FALSE(tier.holds());
  CHECK(tier.put({.as_of = 10}) == PutEnd::Stored);
}

TEST_CASE("nothing is put that an event has overtaken", "[tier2][PROTOCOL R22]") {
  BornTier tier;
  tier.apply({.from = at(10), .to = at(12), .events = {update(12)}});
  CHECK(tier.put({.as_of = 11}) == PutEnd::BelowFloor);
  CHECK_FALSE(tier.holds());
  CHECK(tier.put({.as_of = 12}) == PutEnd::Stored);
}

TEST_CASE("an event has as many digits as another when they are compared", "[tier2][PROTOCOL R22]") {
  TestTier tier;
  tier.be_born(9);
  CHECK(tier.apply({.from = at(9), .to = at(100), .events = {update(100)}}) == ApplyEnd::Moved);
  CHECK(tier.put({.as_of = 11}) == PutEnd::BelowFloor);
  CHECK(tier.put({.as_of = 1'000}) == PutEnd::Stored);
}

TEST_CASE("a node that puts says which event it knows of, and what is older goes", "[tier2][PROTOCOL R22]") {
  BornTier tier;
  tier.put({.as_of = 11, .url = "/a/128"});
  CHECK(tier.put({.as_of = 12, .floor = 12}) == PutEnd::Stored);
  CHECK(tier.holds());
  CHECK_FALSE(tier.holds("/a/128"));
  CHECK(tier.put({.as_of = 11, .url = "/a/128"}) == PutEnd::BelowFloor);
}

TEST_CASE("a node that knows of an older event lowers no floor, and drops nothing", "[tier2][PROTOCOL R22]") {
  BornTier tier;
  tier.apply({.from = at(10), .to = at(12), .events = {update(12)}});
  tier.put({.as_of = 12, .url = "/a/128"});
  CHECK(tier.put({.as_of = 13, .floor = 11}) == PutEnd::Stored);
  CHECK(tier.holds("/a/128"));
  CHECK(tier.put({.as_of = 11}) == PutEnd::BelowFloor);
}

TEST_CASE("what is put stays for as long as it is good for, all of an avatar for the longest", "[tier2]") {
  BornTier tier;
  tier.put({.ttl = 1000s});
  CHECK(tier.ttl() > 900'000);
  CHECK(tier.ttl() <= 1'000'000);
  tier.put({.url = "/a/128", .ttl = 10s});
  CHECK(tier.ttl() > 900'000);
  tier.put({.url = "/a/128", .ttl = 2000s});
  CHECK(tier.ttl() > 1'900'000);
}

TEST_CASE("who puts gives up what was claimed, of that URL alone", "[tier2]") {
  BornTier tier;
  tier.get({.claim = 60s});
  tier.get({.url = "/a/128", .claim = 60s});
  tier.put();
  CHECK_FALSE(tier.is_claimed());
  CHECK(tier.is_claimed("/a/128"));
}

TEST_CASE("what is put beside entries from before the bucket was born again is there alone", "[tier2][PROTOCOL R24]") {
  BornTier tier;
  tier.put();
  tier.forget_guard();
  tier.be_born(10, "another");
  CHECK(tier.put({.url = "/a/128"}) == PutEnd::Stored);
  CHECK(tier.holds("/a/128"));
  CHECK_FALSE(tier.holds());
}

TEST_CASE("an avatar of very many URLs begins anew in the tier", "[tier2]") {
  BornTier tier;
  for (int i = 0; i < 200; ++i) tier.put({.url = "/a/" + std::to_string(i)});
  CHECK(tier.client.ask({"HLEN", tier.layout.entries_key("e", "a")}).integer <= 405);
  CHECK(tier.holds("/a/199"));
}

TEST_CASE("nothing is put into a Redis that is full, and it says so", "[tier2]") {
  BornTier tier;
  tier.be_full();
  const auto end = tier.try_put();
  REQUIRE_FALSE(end);
  CHECK(end.error().code == ErrorCode::Unavailable);
}

// ---- APPLY ----

TEST_CASE("a bucket is born at its maker's position, with its mark there", "[tier2][PROTOCOL R24]") {
  TestTier tier;
  CHECK(tier.clean().identity.empty());
  CHECK(tier.apply({.from = at(5), .to = at(10), .events = {update(7)}}) == ApplyEnd::Born);
  CHECK(tier.clean().identity == "life");
  CHECK(tier.clean().at == at(10));
  CHECK(tier.put({.as_of = 9}) == PutEnd::BelowMark);
}

TEST_CASE("an event drops what is older of its avatar, and the clean position moves on", "[tier2][PROTOCOL R23]") {
  BornTier tier;
  tier.put({.as_of = 11});
  tier.put({.as_of = 10, .url = "/a/128"});
  CHECK(tier.apply({.from = at(10), .to = at(13), .events = {update(12, "b")}}) == ApplyEnd::Moved);
  CHECK(tier.holds());
  CHECK(tier.apply({.from = at(13), .to = at(14), .events = {update(14)}}) == ApplyEnd::Moved);
  CHECK_FALSE(tier.holds());
  CHECK_FALSE(tier.holds("/a/128"));
  CHECK(tier.clean().at == at(14));
}

TEST_CASE("one entry that is too old takes the avatar's others along, in whichever order they came",
          "[tier2][PROTOCOL R23]") {
  BornTier tier;
  const bool old_first = GENERATE(true, false);
  tier.put({.as_of = old_first ? 11u : 20u});
  tier.put({.as_of = old_first ? 20u : 11u, .url = "/a/128"});
  tier.apply({.from = at(10), .to = at(12), .events = {update(12)}});
  CHECK_FALSE(tier.holds());
  CHECK_FALSE(tier.holds("/a/128"));
}

TEST_CASE("an event spares what is newer than itself", "[tier2][PROTOCOL R29]") {
  BornTier tier;
  tier.put({.as_of = 12});
  CHECK(tier.apply({.from = at(10), .to = at(12), .events = {update(11), update(12)}}) == ApplyEnd::Moved);
  CHECK(tier.holds());
}

TEST_CASE("a batch whose forerunner is missing raises floors, yet the clean position stays", "[tier2][PROTOCOL R23]") {
  BornTier tier;
  tier.put();
  CHECK(tier.apply({.from = at(12), .to = at(14), .events = {update(14)}}) == ApplyEnd::Behind);
  CHECK(tier.clean().at == at(10));
  CHECK_FALSE(tier.holds());
  CHECK(tier.put({.as_of = 13}) == PutEnd::BelowFloor);
  CHECK(tier.apply({.from = at(10), .to = at(12)}) == ApplyEnd::Moved);
  CHECK(tier.apply({.from = at(12), .to = at(14), .events = {update(14)}}) == ApplyEnd::Moved);
  CHECK(tier.clean().at == at(14));
}

TEST_CASE("a batch of another life of the feed changes nothing", "[tier2][PROTOCOL R25]") {
  BornTier tier;
  tier.put();
  Batch batch{.from = at(10), .to = at(12), .events = {update(12)}};
  SECTION("by its identity") { batch.identity = "another"; }
  SECTION("by the count where it begins") { batch.from.added = 9; }
  SECTION("by the count where it ends") { batch = {.from = at(9), .to = {at(10).id, 11}, .events = {update(10)}}; }
  CHECK(tier.apply(batch) == ApplyEnd::OtherLife);
  CHECK(tier.clean().at == at(10));
  CHECK(tier.holds());
  CHECK(tier.put({.as_of = 11}) == PutEnd::Stored);
}

TEST_CASE("a batch that comes again, or late, takes nothing back", "[tier2][PROTOCOL R29]") {
  BornTier tier;
  tier.apply({.from = at(10), .to = at(12), .events = {update(12)}});
  tier.put({.as_of = 12});
  CHECK(tier.apply({.from = at(10), .to = at(12), .events = {update(12)}}) == ApplyEnd::Moved);
  CHECK(tier.apply({.from = at(10), .to = at(11), .events = {update(11)}}) == ApplyEnd::Moved);
  CHECK(tier.clean().at == at(12));
  CHECK(tier.holds());
}

TEST_CASE("of a batch that begins before the clean position, what lies after it counts", "[tier2][PROTOCOL R29]") {
  BornTier tier;
  tier.apply({.from = at(10), .to = at(11)});
  tier.put({.as_of = 11});
  CHECK(tier.apply({.from = at(10), .to = at(13), .events = {update(13)}}) == ApplyEnd::Moved);
  CHECK(tier.clean().at == at(13));
  CHECK_FALSE(tier.holds());
}

TEST_CASE("too many floors go and raise the mark; what is held stays", "[tier2][PROTOCOL R28]") {
  BornTier tier;
  Batch batch{.from = at(10), .to = at(12), .events = {update(11), update(12, "b")}, .floors_max = 7};
  CHECK(tier.apply(batch) == ApplyEnd::Moved);  // Five of the guard's own, and two floors.
  CHECK(tier.put({.as_of = 11}) == PutEnd::Stored);
  batch = {.from = at(12), .to = at(14), .events = {update(13, "c")}, .floors_max = 7};
  CHECK(tier.apply(batch) == ApplyEnd::Moved);
  const std::string guard = tier.layout.guard_key("e", Layout::bucket_of("a"));
  CHECK(tier.client.ask({"HLEN", guard}).integer == 5);
  CHECK(tier.clean().identity == "life");
  CHECK(tier.clean().at == at(14));
  CHECK(tier.holds());
  CHECK(tier.put({.as_of = 13, .url = "/a/128"}) == PutEnd::BelowMark);
}

TEST_CASE("a Redis that is full takes events, births and epochs, for then less is held", "[tier2][PROTOCOL R23]") {
  BornTier tier;
  tier.put();
  tier.be_full();
  CHECK(tier.apply({.from = at(10), .to = at(12), .events = {update(12)}}) == ApplyEnd::Moved);
  CHECK_FALSE(tier.holds());
  CHECK(tier.clean().at == at(12));
  tier.forget_guard();
  tier.be_born(12, "another");
  CHECK(tier.move_epoch("", "e1") == "e1");
}

// ---- The epoch ----

TEST_CASE("of two nodes that move the epoch one does, and both hear which counts", "[tier2][PROTOCOL R27]") {
  TestTier tier;
  CHECK(tier.move_epoch("", "of-one") == "of-one");
  CHECK(tier.move_epoch("", "of-two") == "of-one");
  CHECK(tier.client.ask({"GET", tier.layout.epoch_key()}).text == "of-one");
  CHECK(tier.move_epoch("of-one", "next") == "next");
  CHECK(tier.move_epoch("of-one", "late") == "next");
  CHECK(tier.client.ask({"GET", tier.layout.epoch_key()}).text == "next");
}

TEST_CASE("an epoch that was evicted is not moved from, but made anew", "[tier2][PROTOCOL R27]") {
  TestTier tier;
  tier.move_epoch("", "one");
  tier.client.ask({"DEL", tier.layout.epoch_key()});
  CHECK(tier.move_epoch("one", "two").empty());
  CHECK(tier.move_epoch("", "two") == "two");
}

// ---- Words ----

TEST_CASE("event IDs sort as text as they do as numbers", "[tier2]") {
  const cache::EventId ids[] = {{0, 0}, {0, 9}, {0, 10}, {9, 0}, {10, 0}, {10, UINT64_MAX}, {UINT64_MAX, 0}};
  for (const cache::EventId& a : ids) {
    CHECK(try_padded(padded(a)) == a);
    for (const cache::EventId& b : ids) CHECK((padded(a) < padded(b)) == (a < b));
  }
  CHECK_FALSE(try_padded("5-0"));
  CHECK_FALSE(try_padded(std::string(41, '1')));
}

TEST_CASE("an error of Redis's, or what no script answers, is none of the ends", "[tier2]") {
  const redis::Reply error{.kind = redis::Reply::Kind::Error, .text = "LOADING"};
  const redis::Reply nonsense{.kind = redis::Reply::Kind::Text, .text = "OK"};
  CHECK(parse_get(error).error().code == ErrorCode::Unavailable);
  CHECK(parse_put(error).error().code == ErrorCode::Unavailable);
  CHECK(parse_apply(error).error().message == "LOADING");
  CHECK(parse_clean(error).error().code == ErrorCode::Unavailable);
  CHECK(parse_get(nonsense).error().code == ErrorCode::Malformed);
  CHECK(parse_put(nonsense).error().code == ErrorCode::Malformed);
  CHECK(parse_apply(nonsense).error().code == ErrorCode::Malformed);
  CHECK(parse_clean(nonsense).error().code == ErrorCode::Malformed);
}
