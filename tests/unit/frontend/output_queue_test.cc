#include "frontend/output_queue.h"

#include <array>
#include <random>
#include <string>

#include "support/catch.h"

using namespace edge;
using namespace edge::frontend;

namespace {

// Bytes that are shared, and tell when the last reference has gone.
class Page final : public Shared {
 public:
  Page(std::string bytes, int& alive) : text(std::move(bytes)), alive_(alive) { ++alive_; }
  ~Page() override { --alive_; }
  const std::string text;

 private:
  int& alive_;
};

std::string all_of(const OutputQueue& queue) {
  std::array<iovec, 1024> pieces;
  std::string all;
  const std::size_t count = queue.gather(pieces);
  for (std::size_t i = 0; i < count; ++i) all.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
  return all;
}

}  // namespace

TEST_CASE("what is appended comes out in order, each byte once", "[frontend]") {
  std::mt19937 random(GENERATE(1u, 2u, 3u, 4u));
  OutputQueue queue;
  std::string model;
  int alive = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string text(random() % 8 == 0 ? random() % 40'000 : random() % 60, '\0');
    for (char& c : text) c = static_cast<char>('a' + random() % 26);
    switch (random() % 6) {
      case 0:
        queue.append_copy(text);
        model += text;
        break;
      case 1: {
        queue.begin_copy().append(text).append("\r\n");
        queue.end_copy();
        model += text + "\r\n";
        break;
      }
      case 2: {
        const Ref<const Page> page(new Page(text, alive));
        queue.append_shared(page->text, page);
        model += text;
        break;
      }
      case 3: {
        const std::size_t kept = model.empty() ? 0 : random() % (model.size() + 1);
        REQUIRE(queue.take_back(queue.end() - (model.size() - kept)));
        model.resize(kept);
        break;
      }
      default: {
        const std::size_t sent = model.empty() ? 0 : random() % (model.size() + 1);
        queue.consume(random() % 10 == 0 ? model.size() : sent);
        model.erase(0, model.size() - queue.size());
      }
    }
    REQUIRE(queue.size() == model.size());
    REQUIRE(queue.empty() == model.empty());
    if (model.size() < 400'000) REQUIRE(all_of(queue) == model);
  }
  queue.consume(queue.size());
  CHECK(alive == 0);
}

TEST_CASE("what was appended is taken back as long as none of it was sent", "[frontend]") {
  OutputQueue queue;
  queue.append_copy("one");
  const std::uint64_t second = queue.end();
  queue.append_copy("two");
  queue.consume(3);
  CHECK(queue.take_back(second));
  CHECK(queue.empty());
  queue.append_copy("three");
  queue.consume(1);
  CHECK_FALSE(queue.take_back(second));
  CHECK(all_of(queue) == "hree");
}

TEST_CASE("shared bytes are not copied, and are let go as soon as they are sent", "[frontend]") {
  OutputQueue queue;
  int alive = 0;
  Ref<const Page> page(new Page("body", alive));
  const char* const data = page->text.data();
  queue.append_copy("head");
  queue.append_shared(page->text, page);
  queue.append_copy("tail");
  page = {};
  std::array<iovec, 4> pieces;
  REQUIRE(queue.gather(pieces) == 3);
  CHECK(pieces[1].iov_base == data);
  queue.consume(7);
  CHECK(alive == 1);
  REQUIRE(queue.gather(pieces) == 2);
  CHECK(pieces[0].iov_base == data + 3);
  queue.consume(1);
  CHECK(alive == 0);
  CHECK(all_of(queue) == "tail");
}

TEST_CASE("copies that follow each other are one piece", "[frontend]") {
  OutputQueue queue;
  for (int i = 0; i < 10; ++i) queue.append_copy("0123456789");
  std::array<iovec, 4> pieces;
  REQUIRE(queue.gather(pieces) == 1);
  CHECK(pieces[0].iov_len == 100);
}

TEST_CASE("no more pieces are gathered than there is room for", "[frontend]") {
  OutputQueue queue;
  int alive = 0;
  for (int i = 0; i < 10; ++i) {
    const Ref<const Page> page(new Page("x", alive));
    queue.append_shared(page->text, page);
  }
  std::array<iovec, 4> pieces;
  CHECK(queue.gather(pieces) == 4);
  CHECK(queue.size() == 10);
}

TEST_CASE("nothing is nothing", "[frontend]") {
  OutputQueue queue;
  int alive = 0;
  const Ref<const Page> page(new Page("", alive));
  queue.append_copy("");
  queue.append_shared(page->text, page);
  queue.consume(0);
  CHECK(queue.empty());
  std::array<iovec, 4> pieces;
  CHECK(queue.gather(pieces) == 0);
}

TEST_CASE("an empty queue keeps a small buffer for the next answer, and no large one", "[frontend]") {
  OutputQueue queue;
  queue.append_copy(std::string(1000, 'x'));
  queue.consume(1000);
  CHECK(queue.begin_copy().capacity() >= 1000);
  queue.end_copy();
  queue.append_copy(std::string(1'000'000, 'x'));
  queue.consume(1'000'000);
  CHECK(queue.begin_copy().capacity() < 20'000);
  queue.end_copy();
}

TEST_CASE("a queue that is never empty does not grow with what has been sent", "[frontend]") {
  OutputQueue queue;
  queue.append_copy("first");
  for (int i = 0; i < 10'000; ++i) {
    queue.append_copy(std::string(1000, 'x'));
    queue.consume(1000);
  }
  CHECK(queue.begin_copy().capacity() < 300'000);
  queue.end_copy();
  CHECK(queue.size() == 5);
}

TEST_CASE("what is moved to another queue is the first, in order, and shared bytes stay shared", "[frontend]") {
  int alive = 0;
  OutputQueue from, to;
  {
    const Ref<const Page> page(new Page("shared", alive));
    from.append_copy("one ");
    from.append_shared(page->text, page);
    from.append_copy(" two");
  }
  to.append_copy("> ");
  from.move_to(to, 7);
  CHECK(all_of(to) == "> one sha");
  CHECK(all_of(from) == "red two");
  from.move_to(to, 7);
  CHECK(all_of(to) == "> one shared two");
  CHECK(from.empty());
  CHECK(alive == 1);
  to.consume(to.size());
  CHECK(alive == 0);
}
