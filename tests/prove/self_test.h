// Whether the judge finds what it is there to find.
#pragma once

namespace prove {

// Plants a violation of each kind, and next to each what just still keeps the promise. 0, or 1 and what went wrong on
// standard error.
int self_test();

}  // namespace prove
