# Writes the report's page as C++ source, cut at the marker where a run goes: see src/report/page.hpp.
#
# usage: cmake -Dpage=PAGE.html -Dsource=REPORT_PAGE.cpp -P embed_page.cmake
set(marker "@PARWORK_RUN@")
string(LENGTH "${marker}" marker_length)
file(READ "${page}" text)
string(FIND "${text}" "${marker}" head_end)
string(FIND "${text}" "${marker}" last REVERSE)
if(head_end LESS 0 OR NOT head_end EQUAL last)
  message(FATAL_ERROR "${page} must hold ${marker} once")
endif()
math(EXPR tail_begin "${head_end} + ${marker_length}")

# As numbers: some compilers warn of string literals of this length. A byte that is not ASCII does
# not compile.
function(as_array name hex result)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  set(line "0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,")
  string(REGEX REPLACE "(${line}${line})" "\\1\n" bytes "${bytes}")
  set(${result} "constexpr char ${name}[] = {\n${bytes}};\n" PARENT_SCOPE)
endfunction()

file(READ "${page}" head LIMIT ${head_end} HEX)
file(READ "${page}" tail OFFSET ${tail_begin} HEX)
as_array(head "${head}" head)
as_array(tail "${tail}" tail)
file(WRITE "${source}"
"// Made of ${page} by cmake/embed_page.cmake.
#include \"report/page.hpp\"

namespace {

${head}
${tail}
}  // namespace

namespace parwork::detail {

constexpr std::string_view report_page_head(head, sizeof head);
constexpr std::string_view report_page_tail(tail, sizeof tail);

}  // namespace parwork::detail
")
