// Micro-benchmarks of what each request needs. README.md in the folder above says how to run them.
#include <benchmark/benchmark.h>

#include "app/heap.h"

int main(int argc, char** argv) {
  edge::app::lay_out_heap(512 << 20);  // As the program does.
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
