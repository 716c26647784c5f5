#include "app/handover_link.h"

#include <algorithm>
#include <array>

namespace edge::app {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kReadBytes = std::size_t{256} << 10;  // A turn: the loop has other work.

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    if (end > 0) words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

std::size_t length_of(std::string_view bytes) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i)
    length |= static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return length;
}

}  // namespace

HandoverLink::HandoverLink(event::EventLoop& loop, net::Socket socket, Callbacks callbacks)
    : socket_(std::move(socket)),
      callbacks_(std::move(callbacks)),
      readable_(loop, socket_.fd(), event::Watch::Readable, [this] { read_some(); }),
      writable_(loop, socket_.fd(), event::Watch::Writable, [this] { write_some(); }) {
  readable_.arm();
}

HandoverLink::~HandoverLink() {
  if (!is_closed_ && unsent() > 0) static_cast<void>(try_write());
}

void HandoverLink::send(std::string_view line, std::string_view bytes) {
  if (is_closed_) return;
  const std::size_t length = line.size() + 1 + bytes.size();
  for (std::size_t i = 0; i < kLengthBytes; ++i) out_ += static_cast<char>(length >> (8 * i) & 0xff);
  out_.append(line).append("\n").append(bytes);
  writable_.arm();
}

net::IoResult HandoverLink::try_write() {
  const std::array<iovec, 1> piece{{{out_.data() + sent_, out_.size() - sent_}}};
  return net::write_some(socket_, piece);
}

void HandoverLink::write_some() {
  const net::IoResult result = try_write();
  if (result.state == net::IoResult::Broken) return close();
  sent_ += result.bytes;
  if (sent_ < out_.size()) return;
  WipedString().swap(out_);
  sent_ = 0;
  writable_.disarm();
  callbacks_.on_sent();
}

void HandoverLink::read_some() {
  const std::size_t before = in_.size();
  in_.resize(before + kReadBytes);
  const net::IoResult result = net::read_some(socket_, {in_.data() + before, kReadBytes});
  in_.resize(before + result.bytes);
  if (result.state == net::IoResult::EndOfFile || result.state == net::IoResult::Broken) return close();
  if (!take_frames()) close();
}

// False where what came is none.
bool HandoverLink::take_frames() {
  std::string_view left = in_;
  while (left.size() >= kLengthBytes && !is_closed_) {
    const std::size_t length = length_of(left);
    if (length > kFrameBytesMax) return false;
    if (left.size() - kLengthBytes < length) break;
    const std::string_view frame = left.substr(kLengthBytes, length);
    const std::size_t end = frame.find('\n');
    if (end == std::string_view::npos) return false;
    const HandoverFrame told{words_of(frame.substr(0, end)), frame.substr(end + 1)};
    if (told.words.empty()) return false;
    callbacks_.on_frame(told);
    left.remove_prefix(kLengthBytes + length);
  }
  if (left.size() < in_.size()) WipedString(left).swap(in_);
  return true;
}

void HandoverLink::close() {
  if (is_closed_) return;
  is_closed_ = true;
  readable_.disarm();
  writable_.disarm();
  callbacks_.on_closed();
}

}  // namespace edge::app
