#include "app/handover_tickets.h"

#include "base/text.h"

namespace edge::app {
namespace {

constexpr std::string_view kWord = "tickets";

// Older keys are of no use to anybody: the configuration allows rotations of days.
constexpr std::chrono::hours kAgeMax{24 * 366};

Result<ListenerTls::TicketKeys> parse(const HandoverFrame& frame) {
  constexpr std::string_view kWrong = "ticket keys without a place, an age or an address";
  constexpr auto kAgeMaxMs = static_cast<std::uint64_t>(std::chrono::milliseconds(kAgeMax).count());
  const auto& words = frame.words;
  if (words.size() < 4) return fail(ErrorCode::Malformed, std::string(kWrong));
  const auto place = try_unsigned(words[1]), age = try_unsigned(words[2]), address_bytes = try_unsigned(words[3]);
  if (!place || age.value_or(UINT64_MAX) > kAgeMaxMs || address_bytes.value_or(UINT64_MAX) > frame.bytes.size())
    return fail(ErrorCode::Malformed, std::string(kWrong));
  auto keys = net::parse_made_up_ticket_keys(frame.bytes.substr(*address_bytes));
  if (!keys) return Failure{keys.error()};
  return ListenerTls::TicketKeys{
      *place, std::string(frame.bytes.substr(0, *address_bytes)), {*std::move(keys), std::chrono::milliseconds(*age)}};
}

}  // namespace

void send_tickets(HandoverLink& link, const std::vector<ListenerTls::TicketKeys>& all) {
  for (const ListenerTls::TicketKeys& one : all) {
    WipedString bytes(one.address);
    bytes.reserve(one.address.size() + one.made_up.keys.size() * net::kTicketKeyBytes);
    bytes += net::bytes_of(one.made_up.keys);
    link.send(std::string(kWord) + " " + std::to_string(one.place) + " " + std::to_string(one.made_up.age.count()) +
                  " " + std::to_string(one.address.size()),
              bytes);
  }
}

std::optional<Result<ListenerTls::TicketKeys>> try_tickets(const HandoverFrame& frame) {
  if (frame.words[0] != kWord) return std::nullopt;
  return parse(frame);
}

}  // namespace edge::app
