// What an upgrade's two processes tell each other: words in a line, perhaps with bytes behind it, as frames over a
// socket pair. A frame whose first word is not known is passed over, so that versions of the program may differ.
//
// The new process says:
//   want POSITION OBJECT_BYTES MEMORY_BYTES, IDENTITY behind it: hand over what memory holds; I have heard the feed up
//                            to there, of that life of its server, and take no larger responses and no more bytes
//   ready                    I serve
// The old one says at first, and when it hears `want`:
//   switches MAINTENANCE DEGRADED   0 or 1, as they were switched by hand
//   tickets PLACE AGE_MS ADDRESS_BYTES, the address of a listener and then its keys of session tickets behind it
//                            (app/handover_tickets.h)
// and answers `want` with:
//   held POSITION URL_BYTES, the URL and then the entry as the tier has it behind it: what was held when all events
//                            up to there had been applied
//   end COUNT                that is all
// and `ready`, when it answers operators and scrapes no more, with:
//   counters, a block behind it: what I have counted (metrics/totals.h); again each second until I end
//   alone                    I speak for us both no more
// Both say:
//   purge hard|soft avatar|url|all, its name behind it: was purged by hand here (app/handover_purge.h)
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/unique_function.h"
#include "base/wiped.h"
#include "event/watch.h"
#include "net/socket.h"

namespace edge::app {

// A frame as it came; views, valid during the call.
struct HandoverFrame {
  std::vector<std::string_view> words;  // At least one.
  std::string_view bytes;
};

// Owned by one of its ends. Loop's thread only. Sends without limit: whoever sends much asks unsent() first. Keys pass
// through it, so what has been sent or taken is overwritten.
class HandoverLink {
 public:
  struct Callbacks {
    UniqueFunction<void(const HandoverFrame& frame)> on_frame;
    // The other process has ended or says what is no frame; nothing more comes.
    UniqueFunction<void()> on_closed;
    UniqueFunction<void()> on_sent;  // All that was to be sent has gone.
  };
  // None of the callbacks may destroy the link (EventLoop::destroy_later does it).
  HandoverLink(event::EventLoop& loop, net::Socket socket, Callbacks callbacks);
  // What is still to be sent goes as far as it can at once.
  ~HandoverLink();

  void send(std::string_view line, std::string_view bytes = {});
  // What is of use only until drop(), which forgets all of it that has not begun to go.
  void send_droppable(std::string_view line, std::string_view bytes);
  void drop();
  // Sends and takes in at once what can be, instead of when the loop finds it.
  void flush() { write_some(); }
  void read_some();
  // Waits until all has gone, or the other process; false where neither has in this time. For who runs the loop no
  // more.
  bool send_all(std::chrono::milliseconds at_most);
  std::size_t unsent() const { return unsent_; }

  static constexpr std::size_t kFrameBytesMax = std::size_t{1} << 30;

 private:
  struct Frame {
    WipedString bytes;
    bool is_droppable = false;
  };

  void add(std::string_view line, std::string_view bytes, bool is_droppable);
  bool take_frames();
  net::IoResult::State try_write();  // Where there is something.
  void write_some();
  void close();

  const Clock& clock_;
  const net::Socket socket_;
  Callbacks callbacks_;
  WipedString in_;
  std::deque<Frame> out_;
  std::size_t sent_ = 0;    // Of the first of out_; less than all of it.
  std::size_t unsent_ = 0;  // Of all of out_.
  bool is_closed_ = false;
  event::Watch readable_;
  event::Watch writable_;
};

}  // namespace edge::app
