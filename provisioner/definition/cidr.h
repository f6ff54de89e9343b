#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace muster {

/// An IPv4 network, e.g. 10.233.64.0/18; `network` has no host bits.
struct Cidr {
  std::uint32_t network = 0;
  int bits = 0;

  std::uint64_t size() const { return std::uint64_t{1} << (32 - bits); }
  bool overlaps(const Cidr& other) const;
  bool contains(const Cidr& other) const;
  /// The `index`th network of length `part_bits` inside this one.
  Cidr part(std::uint64_t index, int part_bits) const;
  std::string text() const;
};

/// "a.b.c.d/n"; host bits are cleared when `exact` is false, else refused. Empty when malformed.
std::optional<Cidr> parse_cidr(std::string_view text, bool exact = true);

std::string address_text(std::uint32_t address);

}  // namespace muster
