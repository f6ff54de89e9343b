#include "provisioner/base/duration.h"

#include <doctest/doctest.h>

#include <initializer_list>

using namespace muster;

namespace {

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

}  // namespace

TEST_CASE("duration: numbers with units, the longer ones first") {
  CHECK(parse_duration("90s") == 90 * kSecond);
  CHECK(parse_duration("5m") == 5 * kMinute);
  CHECK(parse_duration("2h") == 2 * kHour);
  CHECK(parse_duration("7d") == 7 * kDay);
  CHECK(parse_duration("1h30m") == 90 * kMinute);
  CHECK(parse_duration("1d2h3m4s") == kDay + 2 * kHour + 3 * kMinute + 4 * kSecond);
  CHECK(parse_duration("0h5m") == 5 * kMinute);
  CHECK(parse_duration("3650d") == kLongestMs);
}

TEST_CASE("duration: what is none is refused") {
  for (const char* text : {"",
                           "5",
                           "h",
                           "5x",
                           "-5m",
                           "+5m",
                           "1.5h",
                           "5 m",
                           " 5m",
                           "5m ",
                           "30m1h",
                           "1h1h",
                           "1hm",
                           "0s",
                           "0h0m",
                           "3651d",
                           "3650d1s",
                           "99999999999999999999d",
                           "9223372036854775807s",
                           "5M",
                           "2w"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text));
  }
}

TEST_CASE("duration: a span has its two largest units") {
  CHECK(format_span(0) == "0s");
  CHECK(format_span(999) == "0s");
  CHECK(format_span(45 * kSecond) == "45s");
  CHECK(format_span(5 * kMinute) == "5m");
  CHECK(format_span(5 * kMinute + 7 * kSecond) == "5m7s");
  CHECK(format_span(2 * kHour - 1) == "1h59m");
  CHECK(format_span(2 * kDay + 3 * kHour + 4 * kMinute) == "2d3h");
  CHECK(format_span(2 * kDay + 4 * kMinute) == "2d");
}

TEST_CASE("duration: a time is seen from now") {
  CHECK(format_when(5 * kMinute, 0) == "in 5m");
  CHECK(format_when(kHour, kHour + 5 * kMinute) == "5m ago");
  CHECK(format_when(kHour, kHour) == "0s ago");
}
