// Runs the tests of a program in one process, and ends it where one of them hangs, by its name.
//
// A lost wake-up hangs a test for ever. So each case has a limit of PARWORK_CASE_SECONDS (default:
// 120), far beyond what any takes: what it ends has failed.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

std::string running;  // read by the handler: does not change while the alarm is set

void end_hanging_test(int) {
  constexpr char words[] = "\nhangs: ";
  (void)!write(STDERR_FILENO, words, sizeof words - 1);
  (void)!write(STDERR_FILENO, running.data(), running.size());
  (void)!write(STDERR_FILENO, "\n", 1);
  std::abort();
}

class watchdog final : public testing::EmptyTestEventListener {
 public:
  explicit watchdog(unsigned seconds) : seconds_(seconds) {}

 private:
  void OnTestStart(const testing::TestInfo& test) override {
    running = std::string(test.test_suite_name()) + '.' + test.name();
    alarm(seconds_);
  }
  void OnTestEnd(const testing::TestInfo&) override { alarm(0); }

  const unsigned seconds_;
};

unsigned case_seconds() {
  const char* const given = std::getenv("PARWORK_CASE_SECONDS");
  return given == nullptr ? 120 : static_cast<unsigned>(std::strtoul(given, nullptr, 10));
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  std::signal(SIGALRM, end_hanging_test);
  testing::UnitTest::GetInstance()->listeners().Append(new watchdog(case_seconds()));
  return RUN_ALL_TESTS();
}
