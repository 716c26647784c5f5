# Every library we stand on comes from Debian. Here its differences between Debian 12 and 13 end.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(PNG REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
pkg_check_modules(libevent REQUIRED IMPORTED_TARGET libevent_core>=2.1)
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis>=0.14)
pkg_check_modules(libcurl REQUIRED IMPORTED_TARGET libcurl>=7.88)
pkg_check_modules(libxxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(prometheus REQUIRED IMPORTED_TARGET prometheus-cpp-core)

# giflib ships neither a CMake package nor a pkg-config file.
find_path(GIF_INCLUDE_DIR gif_lib.h REQUIRED)
find_library(GIF_LIBRARY gif REQUIRED)
add_library(edge_gif INTERFACE)
target_include_directories(edge_gif SYSTEM INTERFACE ${GIF_INCLUDE_DIR})
target_link_libraries(edge_gif INTERFACE ${GIF_LIBRARY})

# llhttp: a library on Debian 13 (libllhttp-dev), sources inside node-llhttp on Debian 12.
add_library(edge_llhttp INTERFACE)
pkg_check_modules(llhttp IMPORTED_TARGET libllhttp)
if(llhttp_FOUND)
  target_link_libraries(edge_llhttp INTERFACE PkgConfig::llhttp)
else()
  find_path(LLHTTP_SOURCE_DIR llhttp.c PATHS /usr/share/llhttp NO_DEFAULT_PATH REQUIRED)
  find_path(LLHTTP_INCLUDE_DIR llhttp.h PATHS /usr/share/include/llhttp NO_DEFAULT_PATH REQUIRED)
  add_library(edge_llhttp_sources STATIC
    ${LLHTTP_SOURCE_DIR}/api.c ${LLHTTP_SOURCE_DIR}/http.c ${LLHTTP_SOURCE_DIR}/llhttp.c)
  target_include_directories(edge_llhttp_sources SYSTEM PUBLIC ${LLHTTP_INCLUDE_DIR})
  target_compile_options(edge_llhttp_sources PRIVATE -w)
  target_link_libraries(edge_llhttp INTERFACE edge_llhttp_sources)
endif()

if(EDGE_TESTS)
  find_package(Catch2 REQUIRED)
endif()
