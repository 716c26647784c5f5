// One picture as the sample origin serves it: the file, and the field lines that go with it. Immutable, so it can be
// sent without a copy.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/shared.h"
#include "demo/picture.h"

namespace edge::demo {

class ServedPicture final : public Shared {
 public:
  struct Description {
    std::string_view entity_tag;  // With its quotes.
    std::uint64_t version = 1;
    std::chrono::sys_seconds modified;
  };

  ServedPicture(Picture picture, const Description& description);

  std::string_view body() const { return bytes_.view(); }
  // For 200.
  std::string_view fields() const { return fields_; }
  // For 304 (RFC 9110 section 15.4.5): those that are not about the body.
  std::string_view fields_without_body() const { return std::string_view(fields_).substr(body_fields_size_); }
  std::string_view entity_tag() const { return entity_tag_; }
  std::chrono::sys_seconds modified() const { return modified_; }

 private:
  Bytes bytes_;
  std::string fields_;
  std::size_t body_fields_size_ = 0;
  std::string entity_tag_;
  std::chrono::sys_seconds modified_;
};

}  // namespace edge::demo
