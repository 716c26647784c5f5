// How the process's heap is laid out, for a cache that fills it.
#pragma once

#include <cstdint>

namespace edge::app {

// Reserves address space for `bytes` of heap in one piece and asks for huge pages in it: a cache that fills takes new
// memory with each store, and a page fault for every 4 KiB costs as much as the rest of a store. Nothing is resident
// until it is used. Called once, before threads are started; does nothing where the C library or the kernel will not.
void lay_out_heap(std::uint64_t bytes);

}  // namespace edge::app
