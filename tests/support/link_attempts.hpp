// What comes of connecting to a server, for tests.
//
// Thread safety: one thread at a time.
#pragma once

#include <gtest/gtest.h>

#include <exception>
#include <initializer_list>
#include <string>

#include "nats/nats_link.hpp"
#include "support/link_recorder.hpp"

namespace parwork_test {

/// What is said when the connection is refused for this reason; empty where it is not.
template <class Reason>
std::string refusal(const parwork::nats::detail::link_options& options) {
  link_recorder heard;
  try {
    (void)parwork::nats::detail::connect_link(options, heard);
  } catch (const Reason& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another reason: " << error.what();
  }
  return "";
}

/// Whether messages go there and back.
inline void expect_works(const parwork::nats::detail::link_options& options) {
  link_recorder heard;
  const auto to = parwork::nats::detail::connect_link(options, heard);
  to->subscribe("a");
  to->publish("a", "x");
  EXPECT_EQ(heard.wait_for_messages(1)[0].bytes, "x");
}

inline void expect_says(const std::string& text, std::initializer_list<std::string> parts) {
  for (const auto& part : parts) {
    EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' is not in: " << text;
  }
}

}  // namespace parwork_test
