#include "demo/served_picture.h"

#include <utility>

#include "http/date.h"
#include "http/fields.h"

namespace edge::demo {

ServedPicture::ServedPicture(Picture picture, const Description& description)
    : bytes_(std::move(picture.bytes)), entity_tag_(description.entity_tag), modified_(description.modified) {
  http::append_line(fields_, "content-type", content_type_of(picture.type));
  body_fields_size_ = fields_.size();
  // A year, on purpose: it is the update event that makes a change visible, not the passing of time.
  http::append_line(fields_, "cache-control", "public, max-age=31536000");
  http::append_line(fields_, "etag", entity_tag_);
  http::append_line(fields_, "last-modified", http::format_http_date(modified_));
  http::append_line(fields_, "x-avatar-version", std::to_string(description.version));
  http::append_line(fields_, "x-content-type-options", "nosniff");
}

}  // namespace edge::demo
