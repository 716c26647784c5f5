#include "app/handover_link.h"

#include <algorithm>
#include <array>

namespace edge::app {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kPiecesMax = 64;                      // Frames of one write.
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
    : clock_(loop.clock()),
      socket_(std::move(socket)),
      callbacks_(std::move(callbacks)),
      readable_(loop, socket_.fd(), event::Watch::Readable, [this] { read_some(); }),
      writable_(loop, socket_.fd(), event::Watch::Writable, [this] { write_some(); }) {
  readable_.arm();
}

HandoverLink::~HandoverLink() {
  while (!is_closed_ && unsent() > 0 && try_write() == net::IoResult::Ok) {
  }
}

void HandoverLink::send(std::string_view line, std::string_view bytes) { add(line, bytes, false); }

void HandoverLink::send_droppable(std::string_view line, std::string_view bytes) { add(line, bytes, true); }

void HandoverLink::add(std::string_view line, std::string_view bytes, bool is_droppable) {
  if (is_closed_) return;
  const std::size_t length = line.size() + 1 + bytes.size();
  Frame& frame = out_.emplace_back(Frame{{}, is_droppable});
  frame.bytes.reserve(kLengthBytes + length);
  for (std::size_t i = 0; i < kLengthBytes; ++i) frame.bytes += static_cast<char>(length >> (8 * i) & 0xff);
  frame.bytes.append(line).append("\n").append(bytes);
  unsent_ += frame.bytes.size();
  writable_.arm();
}

void HandoverLink::drop() {
  if (sent_ > 0) out_.front().is_droppable = false;
  for (const Frame& frame : out_) unsent_ -= frame.is_droppable ? frame.bytes.size() : 0;
  std::erase_if(out_, [](const Frame& frame) { return frame.is_droppable; });
}

net::IoResult::State HandoverLink::try_write() {
  std::array<iovec, kPiecesMax> pieces;
  const std::size_t count = std::min(out_.size(), pieces.size());
  for (std::size_t i = 0; i < count; ++i) pieces[i] = {out_[i].bytes.data(), out_[i].bytes.size()};
  pieces[0] = {out_[0].bytes.data() + sent_, out_[0].bytes.size() - sent_};
  const net::IoResult result = net::write_some(socket_, {pieces.data(), count});
  unsent_ -= result.bytes;
  sent_ += result.bytes;
  while (!out_.empty() && sent_ >= out_.front().bytes.size()) {
    sent_ -= out_.front().bytes.size();
    out_.pop_front();
  }
  return result.state;
}

void HandoverLink::write_some() {
  if (unsent() > 0 && try_write() == net::IoResult::Broken) return close();
  if (unsent() > 0 || is_closed_) return;
  writable_.disarm();
  callbacks_.on_sent();
}

bool HandoverLink::send_all(std::chrono::milliseconds at_most) {
  const Instant until = clock_.now() + at_most;
  for (write_some(); unsent() > 0; write_some()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock_.now());
    if (left.count() <= 0) return false;
    net::wait_writable(socket_, left);
  }
  return true;
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
  out_.clear();
  sent_ = unsent_ = 0;
  readable_.disarm();
  writable_.disarm();
  callbacks_.on_closed();
}

}  // namespace edge::app
