#include "base/bytes.h"

#include <string>

#include "support/catch.h"

using namespace edge;

TEST_CASE("bytes grow by what is appended", "[base]") {
  Bytes bytes;
  CHECK(bytes.empty());
  CHECK(bytes.view() == "");
  std::string all;
  for (int i = 0; i < 1'000; ++i) {
    bytes.append("piece");
    all += "piece";
  }
  bytes.append("");
  CHECK(bytes.view() == all);
  CHECK(bytes.capacity() < 2 * all.size() + 5);
}

TEST_CASE("room is reserved exactly and never shrinks by itself", "[base]") {
  Bytes bytes;
  bytes.reserve(100);
  CHECK(bytes.capacity() == 100);
  bytes.append(std::string(100, 'x'));
  CHECK(bytes.capacity() == 100);
  bytes.reserve(10);
  CHECK(bytes.capacity() == 100);
  bytes.clear();
  CHECK(bytes.empty());
  CHECK(bytes.capacity() == 100);
}

TEST_CASE("what is reserved beyond the size is given back", "[base]") {
  Bytes bytes;
  bytes.reserve(1'000);
  bytes.append("abc");
  bytes.shrink_to_fit();
  CHECK(bytes.capacity() == 3);
  CHECK(bytes.view() == "abc");

  bytes.clear();
  bytes.shrink_to_fit();
  CHECK(bytes.capacity() == 0);
  bytes.append("again");
  CHECK(bytes.view() == "again");
}

TEST_CASE("giving back little is not worth a copy", "[base]") {
  Bytes bytes;
  bytes.reserve(100);
  bytes.append(std::string(90, 'x'));
  bytes.shrink_to_fit();
  CHECK(bytes.capacity() == 100);
}

TEST_CASE("what others look at stays as it is while bytes are appended, cleared and gone", "[base]") {
  std::string_view seen;
  Ref<const Shared> owner;
  {
    Bytes bytes;
    CHECK_FALSE(bytes.owner());
    bytes.reserve(6);
    bytes.append("abc");
    seen = bytes.view();
    owner = bytes.owner();
    bytes.append("def");
    CHECK(bytes.view().data() == seen.data());
    bytes.append("more than there is room for");
    CHECK(bytes.view() == "abcdefmore than there is room for");
    bytes.clear();
    bytes.append("xyz");
  }
  CHECK(seen == "abc");
}

TEST_CASE("bytes that are cleared are not written over while others look at them", "[base]") {
  Bytes bytes;
  bytes.append("abc");
  const std::string_view seen = bytes.view();
  const Ref<const Shared> owner = bytes.owner();
  bytes.clear();
  bytes.append("xyz");
  CHECK(seen == "abc");
  CHECK(bytes.view() == "xyz");
}

TEST_CASE("moved bytes leave nothing behind", "[base]") {
  Bytes from;
  from.append("abc");
  Bytes to = std::move(from);
  CHECK(to.view() == "abc");
  CHECK(from.empty());
  CHECK(from.capacity() == 0);
  from.append("new");
  to = std::move(from);
  CHECK(to.view() == "new");
  CHECK(from.view() == "");

  Bytes& same = to;
  to = std::move(same);
  CHECK(to.view() == "new");
}
