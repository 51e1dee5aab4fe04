#include "nats/subjects.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "support/fake_link.hpp"

namespace {

using parwork::nats::detail::is_name;
using parwork::nats::detail::require_name;
using parwork::nats::detail::session_id;
using parwork::nats::detail::subject_kind;
using parwork::nats::detail::subject_parts;

struct nats_subjects : testing::Test {
  const parwork::nats::detail::subjects of_pw{"pw"};
  const session_id sid{.high = 1, .low = 0xabc};
  const session_id wid{.high = 2, .low = 0xdef};
  const std::string sid_text = "00000000000000010000000000000abc";
  const std::string wid_text = "00000000000000020000000000000def";
};

TEST_F(nats_subjects, are_made_below_their_prefix) {
  EXPECT_EQ(of_pw.call("md5"), "pw.call.md5");
  EXPECT_EQ(of_pw.here(), "pw.here");
  EXPECT_EQ(of_pw.to_worker(wid), "pw.w." + wid_text);
  EXPECT_EQ(of_pw.to_submitter(sid, wid), "pw.s." + sid_text + "." + wid_text);
  EXPECT_EQ(of_pw.job("hashes"), "pw.job.hashes");
  EXPECT_EQ(of_pw.status(), "pw.status");
  EXPECT_EQ(parwork::nats::detail::subjects("team-7").here(), "team-7.here");
}

TEST_F(nats_subjects, are_taken_apart_as_they_were_made) {
  const auto parts = [&](const std::string& subject) { return of_pw.take_apart(subject); };
  EXPECT_EQ(parts(of_pw.call("md5")), (subject_parts{.kind = subject_kind::call, .name = "md5"}));
  EXPECT_EQ(parts(of_pw.here()), subject_parts{.kind = subject_kind::here});
  EXPECT_EQ(parts(of_pw.to_worker(wid)),
            (subject_parts{.kind = subject_kind::to_worker, .worker = wid}));
  EXPECT_EQ(parts(of_pw.to_submitter(sid, wid)),
            (subject_parts{.kind = subject_kind::to_submitter, .session = sid, .worker = wid}));
  EXPECT_EQ(parts(of_pw.job("a_b")), (subject_parts{.kind = subject_kind::job, .name = "a_b"}));
  EXPECT_EQ(parts(of_pw.status()), subject_parts{.kind = subject_kind::status});
}

TEST_F(nats_subjects, of_others_are_not_taken_apart) {
  for (const std::string& subject :
       {std::string(), std::string("pw"), std::string("pw."), std::string("other.here"),
        std::string("pwhere"), std::string("pw.here."), std::string("pw.call."),
        std::string("pw.call.a.b"), std::string("pw.call.*"), "pw.w." + sid_text + "0",
        "pw.w." + sid_text.substr(1), std::string("pw.w."), "pw.s." + sid_text,
        "pw.s." + sid_text + ".", "pw.s." + sid_text + "." + wid_text + ".x", "pw.s.." + wid_text,
        std::string("pw.job."), std::string("pw.unknown")}) {
    EXPECT_FALSE(of_pw.take_apart(subject)) << subject;
  }
}

TEST_F(nats_subjects, fit_their_patterns) {
  using parwork_test::fits_subject;
  EXPECT_TRUE(fits_subject(of_pw.all_calls(), of_pw.call("md5")));
  EXPECT_FALSE(fits_subject(of_pw.all_calls(), of_pw.here()));
  EXPECT_TRUE(fits_subject(of_pw.all_to_submitter(sid), of_pw.to_submitter(sid, wid)));
  EXPECT_FALSE(fits_subject(of_pw.all_to_submitter(wid), of_pw.to_submitter(sid, wid)));
}

TEST(nats_names, are_letters_digits_and_two_signs) {
  EXPECT_TRUE(is_name("a"));
  EXPECT_TRUE(is_name("-_azAZ09"));
  EXPECT_TRUE(is_name(std::string(64, 'x')));
  EXPECT_FALSE(is_name(std::string(65, 'x')));
  EXPECT_FALSE(is_name(""));
  for (int c = 0; c < 256; ++c) {
    const bool allowed = c < 128 && (std::isalnum(c) != 0 || c == '_' || c == '-');
    EXPECT_EQ(is_name(std::string(1, static_cast<char>(c))), allowed) << c;
  }
}

TEST(nats_names, that_are_none_are_refused_by_an_error_that_says_what_is_allowed) {
  EXPECT_NO_THROW(require_name("job", "hashes"));
  try {
    require_name("label", "two words\n");
    FAIL() << "it is no name";
  } catch (const std::invalid_argument& refused) {
    EXPECT_STREQ(
        refused.what(),
        "parwork: \"two words?\" is no name for a label: use 1 to 64 letters (a to z, A to "
        "Z), digits, _ and -");
  }
  try {
    require_name("job", std::string(1'000'000, 'x'));
    FAIL() << "it is no name";
  } catch (const std::invalid_argument& refused) {
    EXPECT_LT(std::string(refused.what()).size(), 200);
  }
}

}  // namespace
