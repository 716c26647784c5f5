// The origin of the demo: draws avatars, takes uploads of real picture files, and serves the wall that shows them. One
// more handler behind the same frontend. Owned by whoever runs the demo; lives on one loop, outlives its connections.
//
//     GET, HEAD     /avatars/ID, /avatars/ID/SIZE   the picture (sizes: kPictureSizes)
//     PUT           /avatars/ID                     takes a PNG, GIF, JPEG or WebP file as the new picture
//     DELETE        /avatars/ID                     goes back to the identicon, as a new version
//     GET, HEAD     /                               the wall, a page for people
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/unique_function.h"
#include "demo/avatar_route.h"
#include "demo/avatar_store.h"
#include "frontend/exchange.h"

namespace edge::demo {

struct SampleOriginOptions {
  std::string admin_address{};                           // "127.0.0.1:9180", for the links on the wall.
  std::size_t upload_bytes_max = std::size_t{16} << 20;  // A larger file is answered with 413.
  std::uint32_t uploads_running_max = 16;                // More at once are answered with 503.
  AvatarStoreOptions store{};
};

class SampleOrigin final : public frontend::Handler {
 public:
  // Tells the edge that `avatar` has a new version, before the change is answered. Must not touch the exchange.
  using OnChange = UniqueFunction<void(std::string_view avatar, std::uint64_t version)>;

  // `clock` must outlive the origin.
  SampleOrigin(const SampleOriginOptions& options, const Clock& clock, OnChange on_change);

  std::unique_ptr<frontend::ExchangeTask> start(frontend::Exchange& exchange) override;

 private:
  class Upload;

  void serve_picture(frontend::Exchange& exchange, const Route& route);
  void serve_wall(frontend::Exchange& exchange);
  std::unique_ptr<frontend::ExchangeTask> start_upload(frontend::Exchange& exchange, std::string_view avatar);
  void finish_upload(frontend::Exchange& exchange, std::string_view avatar, Bytes file);
  void remove_picture(frontend::Exchange& exchange, std::string_view avatar);
  void answer_change(frontend::Exchange& exchange, std::string_view avatar, const Result<AvatarStore::Change>& change);
  void refuse_empty(frontend::Exchange& exchange);
  void refuse_size(frontend::Exchange& exchange);

  const SampleOriginOptions options_;
  OnChange on_change_;
  AvatarStore store_;
  std::uint32_t uploads_running_ = 0;
  std::uint64_t walls_served_ = 0;
};

}  // namespace edge::demo
