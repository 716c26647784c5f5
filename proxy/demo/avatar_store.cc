#include "demo/avatar_store.h"

#include <utility>

#include "base/hash.h"

namespace edge::demo {
namespace {

// `last` is what tells pictures of one version apart. IDs have no character that would end the quotes.
std::string entity_tag_of(std::string_view avatar, std::uint64_t version, std::string_view last) {
  std::string tag = "\"";
  tag.append(avatar).append("-v").append(std::to_string(version)).append("-").append(last).append("\"");
  return tag;
}

std::size_t bytes_of(const Ref<const ServedPicture>& picture) { return picture ? picture->body().size() : 0; }

}  // namespace

AvatarStore::AvatarStore(const AvatarStoreOptions& options, const Clock& clock)
    : options_(options), clock_(clock), born_(now()), drawn_(options.drawn_bytes_max) {}

Result<Ref<const ServedPicture>> AvatarStore::picture(std::string_view avatar, std::uint32_t size) {
  std::string name(avatar);
  const auto found = changed_.find(name);
  const bool is_changed = found != changed_.end();
  if (is_changed && found->second.uploaded) return found->second.uploaded;

  const std::uint64_t version = is_changed ? found->second.version : 1;
  name.append("/").append(std::to_string(version)).append("/").append(std::to_string(size));
  if (auto drawn = drawn_.find(name)) return drawn;
  Result<Picture> picture = draw_picture(avatar, version, size);
  if (!picture) return Failure{picture.error()};
  const std::string entity_tag = entity_tag_of(avatar, version, std::to_string(size));
  const Ref<const ServedPicture> drawn(new ServedPicture(
      *std::move(picture),
      {.entity_tag = entity_tag, .version = version, .modified = is_changed ? found->second.modified : born_}));
  drawn_.add(name, drawn);
  return drawn;
}

Result<AvatarStore::Change> AvatarStore::upload(std::string_view avatar, Picture picture) {
  Avatar* const state = find_or_add(std::string(avatar));
  if (!state) return fail(ErrorCode::Unavailable, "too many avatars have been changed since the start");
  const std::size_t others_bytes = uploads_bytes_ - bytes_of(state->uploaded);
  if (others_bytes + picture.bytes.size() > options_.uploads_bytes_max)
    return fail(ErrorCode::Unavailable, "the uploads kept here have reached their limit; delete some");

  const bool is_first = !state->uploaded;
  ++state->version;
  state->modified = now();
  // The file's hash, keyed anew at each start: a version of an earlier life, with other bytes, has another tag.
  const std::string hash = std::to_string(keyed_hash(picture.bytes.view()));
  uploads_bytes_ = others_bytes + picture.bytes.size();
  state->uploaded = Ref<const ServedPicture>(
      new ServedPicture(std::move(picture), {.entity_tag = entity_tag_of(avatar, state->version, hash),
                                             .version = state->version,
                                             .modified = state->modified}));
  return Change{state->version, is_first};
}

Result<AvatarStore::Change> AvatarStore::remove(std::string_view avatar) {
  Avatar* const state = find_or_add(std::string(avatar));
  if (!state) return fail(ErrorCode::Unavailable, "too many avatars have been changed since the start");
  uploads_bytes_ -= bytes_of(state->uploaded);
  state->uploaded = nullptr;
  ++state->version;
  state->modified = now();
  return Change{state->version, false};
}

std::chrono::sys_seconds AvatarStore::now() const { return std::chrono::floor<std::chrono::seconds>(clock_.wall()); }

AvatarStore::Avatar* AvatarStore::find_or_add(const std::string& avatar) {
  const auto found = changed_.find(avatar);
  if (found != changed_.end()) return &found->second;
  if (changed_.size() >= options_.changed_max) return nullptr;
  return &changed_.emplace(avatar, Avatar{1, born_, nullptr}).first->second;
}

}  // namespace edge::demo
