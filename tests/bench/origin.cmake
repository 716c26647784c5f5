# What one fetch from the origin costs.
add_executable(fetch_bench ${CMAKE_CURRENT_LIST_DIR}/fetch_bench.cc)
target_link_libraries(fetch_bench PRIVATE edge_origin edge_warnings)
