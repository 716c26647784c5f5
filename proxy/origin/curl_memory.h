// The memory that libcurl works with.
#pragma once

namespace edge::origin {

// Initialises libcurl, once a process, whichever worker is first. Never undone: other threads may still be using it.
//
// A transfer takes some forty blocks, of the same few sizes each time, and gives them back at its end. So each thread
// keeps what libcurl frees for the next transfer, instead of having the heap split and join it again.
void initialize_curl();

}  // namespace edge::origin
