// Names of sessions: there and back as text, and nothing else is one.
#include "nats/session_id.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace {

using parwork::nats::detail::session_id;

TEST(session_id, comes_back_from_its_text) {
  for (const session_id id : {session_id{}, session_id{1, 2}, session_id{~0ULL, 1ULL << 63}}) {
    EXPECT_EQ(id.text().size(), 32U);
    EXPECT_EQ(session_id::from(id.text()), id);
  }
}

TEST(session_id, is_another_one_each_time) { EXPECT_NE(session_id::make(), session_id::make()); }

TEST(session_id, refuses_other_text) {
  const std::string good = session_id{1, 2}.text();
  for (const std::string& bad :
       {std::string(), good.substr(1), good + "0", "+" + good.substr(1), "A" + good.substr(1),
        " " + good.substr(1), "g" + good.substr(1)}) {
    EXPECT_EQ(session_id::from(bad), std::nullopt) << bad;
  }
}

}  // namespace
