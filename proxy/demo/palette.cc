#include "demo/palette.h"

#include <algorithm>

namespace edge::demo {
namespace {

constexpr std::size_t kEntriesMax = 256;
constexpr std::size_t kColours = 1u << 15;

// All pixels whose colours agree in five bits a channel.
struct Bucket {
  std::array<std::uint64_t, 3> sum{};
  std::uint64_t pixels = 0;

  double mean(std::size_t channel) const { return static_cast<double>(sum[channel]) / static_cast<double>(pixels); }
};

std::size_t colour_index(const std::uint8_t* pixel) {
  return static_cast<std::size_t>(pixel[0] >> 3) << 10 | static_cast<std::size_t>(pixel[1] >> 3) << 5 |
         static_cast<std::size_t>(pixel[2] >> 3);
}

// A group of colours: a range of `order`, which lists the buckets in use.
struct Group {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t widest = 0;  // The channel in which its colours differ most.
  double width = 0;
};

class MedianCut {
 public:
  explicit MedianCut(std::span<const Image> images) : buckets_(kColours) {
    for (const Image& image : images) {
      for (std::size_t i = 0; i < image.rgb.size(); i += 3) {
        Bucket& bucket = buckets_[colour_index(&image.rgb[i])];
        for (std::size_t channel = 0; channel < 3; ++channel) bucket.sum[channel] += image.rgb[i + channel];
        ++bucket.pixels;
      }
    }
    for (std::size_t i = 0; i < kColours; ++i)
      if (buckets_[i].pixels > 0) order_.push_back(i);
    if (!order_.empty()) groups_.push_back(measured(0, order_.size()));
  }

  void divide(std::size_t groups_max) {
    while (groups_.size() < groups_max) {
      const auto widest = std::max_element(groups_.begin(), groups_.end(),
                                           [](const Group& a, const Group& b) { return a.width < b.width; });
      if (widest == groups_.end() || widest->end - widest->begin < 2) return;
      const Group group = *widest;
      const std::size_t middle = sorted_middle(group);
      *widest = measured(group.begin, middle);
      groups_.push_back(measured(middle, group.end));
    }
  }

  std::size_t size() const { return groups_.size(); }

  Palette::Entry mean(std::size_t group) const {
    Bucket all;
    for (std::size_t i = groups_[group].begin; i < groups_[group].end; ++i) {
      const Bucket& bucket = buckets_[order_[i]];
      for (std::size_t channel = 0; channel < 3; ++channel) all.sum[channel] += bucket.sum[channel];
      all.pixels += bucket.pixels;
    }
    Palette::Entry entry{};
    for (std::size_t channel = 0; channel < 3; ++channel)
      entry[channel] = static_cast<std::uint8_t>(all.mean(channel) + 0.5);
    return entry;
  }

  std::span<const std::size_t> colours(std::size_t group) const {
    return std::span(order_).subspan(groups_[group].begin, groups_[group].end - groups_[group].begin);
  }

 private:
  Group measured(std::size_t begin, std::size_t end) const {
    Group group{begin, end};
    for (std::size_t channel = 0; channel < 3; ++channel) {
      double low = 255;
      double high = 0;
      for (std::size_t i = begin; i < end; ++i) {
        low = std::min(low, buckets_[order_[i]].mean(channel));
        high = std::max(high, buckets_[order_[i]].mean(channel));
      }
      if (high - low > group.width) {
        group.width = high - low;
        group.widest = channel;
      }
    }
    return group;
  }

  // Sorts the group's colours by its widest channel; returns where its middle value divides it, neither part empty.
  std::size_t sorted_middle(const Group& group) {
    const auto begin = order_.begin() + static_cast<std::ptrdiff_t>(group.begin);
    const auto end = order_.begin() + static_cast<std::ptrdiff_t>(group.end);
    const std::size_t channel = group.widest;
    std::sort(begin, end,
              [&](std::size_t a, std::size_t b) { return buckets_[a].mean(channel) < buckets_[b].mean(channel); });
    const double middle = (buckets_[*begin].mean(channel) + buckets_[*(end - 1)].mean(channel)) / 2;
    std::size_t at = group.begin + 1;
    while (at < group.end - 1 && buckets_[order_[at]].mean(channel) < middle) ++at;
    return at;
  }

  std::vector<Bucket> buckets_;
  std::vector<std::size_t> order_;
  std::vector<Group> groups_;
};

}  // namespace

Palette::Palette(std::span<const Image> images) : entry_of_colour_(kColours) {
  MedianCut cut(images);
  cut.divide(kEntriesMax);
  for (std::size_t group = 0; group < cut.size(); ++group) {
    for (const std::size_t colour : cut.colours(group)) entry_of_colour_[colour] = static_cast<std::uint8_t>(group);
    entries_.push_back(cut.mean(group));
  }
  if (entries_.empty()) entries_.push_back(Entry{});
}

std::vector<std::uint8_t> Palette::indices_of(const Image& image) const {
  std::vector<std::uint8_t> indices;
  indices.reserve(image.rgb.size() / 3);
  for (std::size_t i = 0; i < image.rgb.size(); i += 3)
    indices.push_back(entry_of_colour_[colour_index(&image.rgb[i])]);
  return indices;
}

}  // namespace edge::demo
