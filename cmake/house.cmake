# One static library a folder; a folder links exactly the floors it may use (proxy/README.md has the table).
add_library(edge_warnings INTERFACE)
target_compile_options(edge_warnings INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Werror
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)

# edge_library(NAME USES other folders... LIBRARIES what it wraps...): all *.cc of the current folder.
function(edge_library name)
  cmake_parse_arguments(arg "" "" "USES;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.h)
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  list(TRANSFORM arg_USES PREPEND edge_)
  if(sources)
    add_library(edge_${name} STATIC ${sources} ${headers})
    target_include_directories(edge_${name} PUBLIC ${PROJECT_SOURCE_DIR}/proxy)
    target_link_libraries(edge_${name} PUBLIC ${arg_USES} ${arg_LIBRARIES} PRIVATE edge_warnings)
  else()
    add_library(edge_${name} INTERFACE)
    target_include_directories(edge_${name} INTERFACE ${PROJECT_SOURCE_DIR}/proxy)
    target_link_libraries(edge_${name} INTERFACE ${arg_USES} ${arg_LIBRARIES})
  endif()
endfunction()
