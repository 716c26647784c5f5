# cmake -D INPUT=wall.html -D OUTPUT=wall_html.cc -P embed_text.cmake: the file as a constant, edge::demo::kWallHtml.
file(READ "${INPUT}" text)
if(text MATCHES "\\)embedded\"")
  message(FATAL_ERROR "${INPUT} holds what ends the string it is embedded in")
endif()
file(WRITE "${OUTPUT}" "#include \"demo/wall_html.h\"

namespace edge::demo {

const std::string_view kWallHtml = R\"embedded(${text})embedded\";

}  // namespace edge::demo
")
