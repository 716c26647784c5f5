// The fields of a message (RFC 9110 section 5), in their order, repetitions included.
#pragma once

#include <bitset>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/field_name.h"

namespace edge::http {

// One field line. Views into memory that whoever holds the Fields keeps alive.
struct Field {
  FieldName id;
  std::string_view name;   // As it came, any case.
  std::string_view value;  // Without spaces around it.
};

// Views only; cheap to look up by FieldName because presence is one bit. Not thread-safe.
class Fields {
 public:
  void add(std::string_view name, std::string_view value) { add(Field{find_field_name(name), name, value}); }
  void add(Field field) {
    present_.set(static_cast<std::size_t>(field.id));
    fields_.push_back(field);
  }
  void reserve(std::size_t count) { fields_.reserve(count); }
  void clear() noexcept {
    fields_.clear();
    present_.reset();
  }

  bool has(FieldName id) const noexcept { return present_.test(static_cast<std::size_t>(id)); }
  // The first line's value; empty when there is none.
  std::string_view value(FieldName id) const noexcept;
  // The only line's value; nullopt when there is none or more than one (RFC 9110 section 5.3: a singleton field).
  std::optional<std::string_view> single(FieldName id) const noexcept;
  // All lines of that name joined by ", " (RFC 9110 section 5.2). Case-insensitive.
  std::string combined(std::string_view name) const;
  std::string combined(FieldName id) const;

  auto begin() const noexcept { return fields_.begin(); }
  auto end() const noexcept { return fields_.end(); }
  std::size_t size() const noexcept { return fields_.size(); }
  bool empty() const noexcept { return fields_.empty(); }

 private:
  std::vector<Field> fields_;
  std::bitset<static_cast<std::size_t>(FieldName::Count)> present_;
};

// Field lines as text, "name: value\r\n" each, names in lower case: the form in which fields are stored and sent.
// HTTP/1 copies it as it is; HTTP/2 reads it line by line.
void append_line(std::string& lines, std::string_view name, std::string_view value);
// Removes the lines of these fields, whose names are in lower case. Costs nothing where there are none of them.
void remove_lines(std::string& lines, std::span<const std::string> names);
// Views into `lines`, which must be in that form (ours always are).
Fields parse_lines(std::string_view lines);

}  // namespace edge::http
