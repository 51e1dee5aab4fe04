// Never ends: tests/support/main.cpp has to end it, and name the case.
#include <gtest/gtest.h>
#include <unistd.h>

TEST(hanging, for_ever) {
  while (true) ::pause();
}
