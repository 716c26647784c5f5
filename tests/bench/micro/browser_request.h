// What a browser asks for an avatar with, for any protocol.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace edge::bench {

inline constexpr std::string_view kHost = "avatars.example.org";

// Beside the host. Names in lower case.
inline constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kBrowserFields{{
    {"sec-ch-ua", R"("Chromium";v="130", "Google Chrome";v="130", "Not?A_Brand";v="99")"},
    {"sec-ch-ua-mobile", "?0"},
    {"user-agent",
     "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"},
    {"sec-ch-ua-platform", R"("Linux")"},
    {"accept", "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"},
    {"sec-fetch-site", "same-site"},
    {"sec-fetch-mode", "no-cors"},
    {"sec-fetch-dest", "image"},
    {"referer", "https://chat.example.org/rooms/4711"},
    {"accept-encoding", "gzip, deflate, br, zstd"},
    {"accept-language", "de-DE,de;q=0.9,en;q=0.8"},
}};

inline std::string avatar_path(std::size_t avatar) { return "/avatars/" + std::to_string(avatar) + "/96"; }

// Over HTTP/1.1, where a browser spells names with capitals; no more than their case differs.
inline std::string http1_request(std::string_view path) {
  std::string text = "GET " + std::string(path) + " HTTP/1.1\r\nhost: " + std::string(kHost) + "\r\n";
  for (const auto& [name, value] : kBrowserFields) text.append(name).append(": ").append(value).append("\r\n");
  return text + "\r\n";
}

}  // namespace edge::bench
