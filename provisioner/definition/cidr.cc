#include "provisioner/definition/cidr.h"

#include <charconv>

#include "provisioner/base/text.h"

namespace muster {

namespace {

std::uint32_t mask(int bits) { return bits == 0 ? 0 : ~std::uint32_t{0} << (32 - bits); }

/// A decimal without sign or leading zero, at most `limit`.
std::optional<std::uint32_t> parse_part(const std::string& text, std::uint32_t limit) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  std::uint32_t value = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size() || value > limit) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

bool Cidr::overlaps(const Cidr& other) const {
  auto shorter = mask(bits < other.bits ? bits : other.bits);
  return (network & shorter) == (other.network & shorter);
}

bool Cidr::contains(const Cidr& other) const { return bits <= other.bits && overlaps(other); }

Cidr Cidr::part(std::uint64_t index, int part_bits) const {
  return {static_cast<std::uint32_t>(network + (index << (32 - part_bits))), part_bits};
}

std::string Cidr::text() const { return address_text(network) + "/" + std::to_string(bits); }

std::optional<Cidr> parse_cidr(std::string_view text, bool exact) {
  if (text.size() > 18) return std::nullopt;
  auto halves = split(text, '/');
  if (halves.size() != 2) return std::nullopt;
  auto octets = split(halves[0], '.');
  auto bits = parse_part(halves[1], 32);
  if (octets.size() != 4 || !bits) return std::nullopt;
  Cidr cidr;
  cidr.bits = static_cast<int>(*bits);
  for (const auto& octet : octets) {
    auto value = parse_part(octet, 255);
    if (!value) return std::nullopt;
    cidr.network = cidr.network << 8 | *value;
  }
  if (exact && (cidr.network & ~mask(cidr.bits)) != 0) return std::nullopt;
  cidr.network &= mask(cidr.bits);
  return cidr;
}

std::string address_text(std::uint32_t address) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) {
    if (!out.empty()) out += '.';
    out += std::to_string(address >> shift & 255U);
  }
  return out;
}

}  // namespace muster
