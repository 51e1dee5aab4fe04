#include "support/shell_words.hpp"

#include <gtest/gtest.h>

#include <string_view>

#include "support/error.hpp"

namespace {

void require(std::string_view command) {
  cli::quote_scanner scanner;
  scanner.read(command);
  scanner.require_argument_position();
}

TEST(quote_scanner, an_item_may_follow_a_command) {
  for (const char* const each :
       {"echo", "echo $(date)", "echo 'a;' \"b;\"", "x=1 echo", "cd x; ls", "if true; then echo",
        "(cd x; ls); echo", "f() { echo; }; f", "! grep -q", "echo `date;`", "cat >", "echo \\;",
        "echo $((1 + 2))", "# note\necho", "'my program'"}) {
    EXPECT_NO_THROW(require(each)) << each;
  }
}

TEST(quote_scanner, an_item_that_would_be_run_or_left_out_is_refused) {
  for (const char* const each : {" ",
                                 "echo;",
                                 "echo &",
                                 "echo |",
                                 "echo &&",
                                 "echo\n",
                                 "x=1",
                                 "x=$(date)",
                                 "{ echo; }",
                                 "(echo)",
                                 "if a; then b; fi",
                                 "for i in a; do",
                                 "echo # note",
                                 "echo \\",
                                 "echo 'a",
                                 "echo \"a",
                                 "echo $(date",
                                 "case x in x) a;; esac",
                                 "then",
                                 "f() { echo; }"}) {
    EXPECT_THROW(require(each), cli::error) << each;
  }
}

}  // namespace
