// How the process's heap is laid out, for a cache that fills it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <thread>

namespace edge::app {

// Reserves address space for `bytes` of heap in one piece and asks for huge pages in it: a cache that fills takes new
// memory with each store, and a page fault for every 4 KiB costs as much as the rest of a store. Nothing is resident
// until it is used. Called once, before threads are started. Answers the whole pages of that piece; none where the C
// library or the kernel will not.
std::span<std::byte> lay_out_heap(std::uint64_t bytes);

// Gives back to the system whole pages that nobody uses; the heap does not do so by itself. Nobody gets memory
// meanwhile.
void give_back_heap();

// Has the kernel put memory behind each page, on a thread of its own, so that nobody who stores has to wait for that.
// Logs how it went. Its end cuts it short.
class Preallocation {
 public:
  // `bytes`: of all that is wanted. Does nothing but say so where `pages` are far fewer.
  Preallocation(std::span<std::byte> pages, std::uint64_t bytes);
  ~Preallocation();
  Preallocation(const Preallocation&) = delete;
  Preallocation& operator=(const Preallocation&) = delete;

 private:
  void run(std::span<std::byte> pages);

  std::atomic<bool> is_ending_ = false;
  std::thread thread_;
};

}  // namespace edge::app
